/** The process of the senders: all load over HTTP comes from here, whatever it goes to. */
import { answerCalls } from './calls.ts';
import { type FloodOrder, flood } from './flood.ts';
import { createLoad, type LoadOrder } from './load.ts';

const load = createLoad();
answerCalls(async (order: LoadOrder | FloodOrder) => (order.kind === 'load' ? await load(order) : await flood(order)));
