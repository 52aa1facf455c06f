/** The floor of HTTP: node:http that reads the body and answers, and nothing else. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { answerCalls } from './calls.ts';

const ANSWER = '{"accepted":1,"duplicate":0,"quarantined":0}';

const server = createServer((request, response) => {
  request.resume().on('end', () => {
    response.writeHead(200, { 'Content-Type': 'application/json', 'Content-Length': ANSWER.length });
    response.end(ANSWER);
  });
});
await new Promise<void>((resolve) => server.listen({ port: 0, host: '127.0.0.1', backlog: 4096 }, resolve));
answerCalls(() => Promise.resolve((server.address() as AddressInfo).port));
