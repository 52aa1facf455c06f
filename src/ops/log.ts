import { type Logger, pino } from 'pino';

export type Log = Logger;

/**
 * The gateway's log: JSON lines on standard output. Anything that could hold a credential is redacted by path, in case an object
 * with it is ever logged.
 */
export function createLog(level: string, destination: { write(text: string): unknown }): Log {
  return pino(
    {
      level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      redact: {
        paths: ['*.password', '*.key', '*.hash', '*.authorization', 'password', 'key', 'hash', 'authorization'],
        censor: '[redacted]',
      },
    },
    destination,
  );
}
