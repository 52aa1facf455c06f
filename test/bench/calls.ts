/** Child processes of the bench that are called like functions. */
import { fork } from 'node:child_process';
import { join } from 'node:path';
import { type Running, running } from './processes.ts';

interface Call {
  readonly id: number;
  readonly order: unknown;
}
type Reply = { readonly id: number } & ({ readonly result: unknown } | { readonly error: string });

/** A process that answers calls. */
export interface Child extends Running {
  call<Result>(order: unknown): Promise<Result>;
}

/** Threads as the gateway gives itself. */
const UV_THREADPOOL_SIZE = '12';

/** Starts one of the scripts beside this one. */
export function startChild(script: 'sender' | 'engine' | 'floor', args: readonly string[] = []): Child {
  const child = fork(join(import.meta.dirname, `${script}.js`), args, { env: { ...process.env, UV_THREADPOOL_SIZE } });
  const waiting = new Map<number, { resolve: (result: unknown) => void; reject: (error: Error) => void }>();
  let calls = 0;
  child.on('message', (reply: Reply) => {
    const { resolve, reject } = waiting.get(reply.id) ?? {};
    waiting.delete(reply.id);
    if ('error' in reply) reject?.(new Error(`${script}: ${reply.error}`));
    else resolve?.(reply.result);
  });
  child.on('exit', (code) => {
    for (const { reject } of waiting.values()) reject(new Error(`${script} ended with ${code}`));
  });
  return {
    ...running(child),
    call: async <Result>(order: unknown) =>
      await new Promise<Result>((resolve, reject) => {
        calls += 1;
        waiting.set(calls, { resolve: resolve as (result: unknown) => void, reject });
        child.send({ id: calls, order } satisfies Call);
      }),
  };
}

/** The child's side: `answer` for each call. The process ends with the one that started it. */
export function answerCalls(answer: (order: never) => Promise<unknown>): void {
  const reply = async ({ id, order }: Call): Promise<void> => {
    const sent: Reply = await answer(order as never).then(
      (result) => ({ id, result }),
      (error: unknown) => ({ id, error: error instanceof Error ? (error.stack ?? error.message) : String(error) }),
    );
    process.send?.(sent);
  };
  process.on('message', (call: Call) => void reply(call));
  process.on('disconnect', () => process.exit());
}
