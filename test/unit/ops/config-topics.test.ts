import assert from 'node:assert/strict';
import { test } from 'node:test';
import { routePipelines } from '../../../src/ops/config/routes.ts';
import { compileTopicPattern, topicPatternText } from '../../../src/ops/config/topic-pattern.ts';
import { load } from './config-support.ts';

function pattern(text: string): RegExp {
  const compiled = compileTopicPattern(text);
  return compiled instanceof RegExp ? compiled : assert.fail(`${text} ${compiled.wrong}`);
}

function wrong(text: string): string {
  const compiled = compileTopicPattern(text);
  return compiled instanceof RegExp ? assert.fail(`${text} was accepted`) : compiled.wrong;
}

test('a regular expression matches whole topics only', () => {
  const orders = pattern('/orders\\..*/');
  assert.deepEqual(
    ['orders.eu', 'orders.', 'orders', 'x.orders.eu', 'xorders.eu'].map((topic) => orders.test(topic)),
    [true, true, false, false, false],
  );
  const either = pattern('/a|b/');
  assert.deepEqual(
    ['a', 'b', 'ab', 'ax', 'xb'].map((topic) => either.test(topic)),
    [true, true, false, false, false],
  );
});

test('the text of a regular expression comes back', () => {
  for (const text of ['/.*/', '/^orders\\..*$/', '/(?:a|b)-[^.]+/']) assert.equal(topicPatternText(pattern(text)), text);
});

test('what stays quick is accepted', () => {
  for (const text of [
    '/.*/',
    '/[a-z]+\\.[a-z]+\\.[a-z]+/',
    '/(orders|payments|refunds)\\..+/',
    '/(?!internal\\.).*/',
    '/(?:ab)+/',
    '/v\\d{1,3}/',
    '/a?b?c?d?/',
    '/[*+?(|)]+/',
    '/\\(\\*\\)+/',
    '/(?<region>eu|us)-x/',
    `/${Array.from({ length: 30 }, (_, i) => `t${i}`).join('|')}/`,
  ])
    assert.ok(pattern(text).source.length > 0, text);
});

test('what can take exponential or long polynomial time is refused', () => {
  const nested = 'repeats a group that holds a repetition or an alternative, which can take exponential time: write it without one of them';
  for (const text of ['/(a+)+/', '/(a*)*b/', '/(a|a)*/', '/(a?){50}/', '/((a{9}){9}){9}/', '/(?:(x)|y)+/', '/(([a-z])+.)+/', '/(a|b){2}/'])
    assert.equal(wrong(text), nested, text);
  for (const text of ['/(a)\\1/', '/(?<n>a)\\k<n>/'])
    assert.equal(wrong(text), 'uses a backreference, which can take exponential time: write the alternatives out', text);
  const many = 'leaves too many ways to match: use at most three repetitions and few optional parts and alternatives, or list the topics';
  for (const text of ['/.*.*.*.*x/', `/${'(a|a)'.repeat(30)}/`, `/${'a?'.repeat(50)}/`, '/.*a?.*b?.*c?/'])
    assert.equal(wrong(text), many, text);
  assert.equal(wrong(`/${'a'.repeat(201)}/`), 'is a regular expression longer than 200 characters: split it');
  for (const text of ['/a)(b/', '/[/', '/(/', '/*a/', '/a**/']) assert.equal(wrong(text), 'is not a valid regular expression', text);
});

test('the slowest accepted expression ends in well under a second', () => {
  const slow = pattern('/.*.*.*x/');
  const started = process.hrtime.bigint();
  assert.equal(slow.test('a'.repeat(249)), false);
  assert.ok(process.hrtime.bigint() - started < 1_000_000_000n);
});

test('a topic goes to the pipeline that names it, then to the first expression of the file', () => {
  const routes = routePipelines(
    load(`pipelines:
  all: { topics: [/.*/] }
  late: { topics: [/orders.*/] }
  exact: { topics: [orders, payments] }
  own: {}
`),
  );
  const route = (topic: string): string | undefined => routes.forTopic(topic)?.name;
  assert.deepEqual(['orders', 'payments', 'own', 'orders.eu', 'exact'].map(route), ['exact', 'exact', 'own', 'all', 'all']);
  assert.equal(routes.byName('late')?.name, 'late');
  assert.equal(routes.byName('orders'), undefined);
  assert.equal(routes.byName('constructor'), undefined);
  assert.deepEqual(
    routes.all.map(({ name }) => name),
    ['all', 'late', 'exact', 'own'],
  );
});

test('the order of the file decides between expressions', () => {
  const routes = routePipelines(load('pipelines: { b: { topics: [/x.*/] }, a: { topics: [/xy.*/, /z/] } }'));
  // More topics than are remembered, each asked for twice, are still told apart.
  for (let round = 0; round < 2; round++) {
    for (let i = 0; i < 10_050; i++) assert.equal(routes.forTopic(i % 2 === 0 ? `x${i}` : `y${i}`)?.name, i % 2 === 0 ? 'b' : undefined);
  }
  assert.deepEqual(
    ['xyz', 'xa', 'z', 'y'].map((topic) => routes.forTopic(topic)?.name),
    ['b', 'b', 'a', undefined],
  );
});

test('a topic longer than Kafka allows leads nowhere', () => {
  const routes = routePipelines(load(''));
  assert.equal(routes.forTopic('x'.repeat(249))?.name, 'default');
  assert.equal(routes.forTopic('x'.repeat(250)), undefined);
});
