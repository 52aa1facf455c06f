/**
 * ClickHouse's HTTP interface in front of the embedded engine, as far as @clickhouse/client uses it: query and parameters in the URL,
 * gzip bodies, settings per statement, summary and exception headers, passwords. `hooks` make it fail on purpose.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { Session } from 'chdb';

export interface FrontHooks {
  /** Before the statement runs. Return true to say that the hook has answered, or destroyed, the request itself. */
  before?(statement: string, request: IncomingMessage, response: ServerResponse): boolean | Promise<boolean>;
  /** After the statement succeeded, before the answer. Return true to say that the hook has taken over the answer. */
  after?(statement: string, request: IncomingMessage, response: ServerResponse): boolean | Promise<boolean>;
}

export interface ClickHouseFront {
  readonly url: string;
  readonly username: string;
  readonly password: string;
  hooks: FrontHooks;
  /** Rows of a statement, asked past the HTTP interface and its faults. */
  query<Row>(sql: string): Promise<Row[]>;
  close(): Promise<void>;
}

const NOT_SETTINGS = new Set([
  'query',
  'database',
  'query_id',
  'default_format',
  'wait_end_of_query',
  'session_id',
  'enable_http_compression',
  'role',
]);

/** Starts the front on a fresh engine directory and a free loopback port. */
export async function startClickHouseFront(): Promise<ClickHouseFront> {
  const directory = mkdtempSync('/tmp/sluice-front-');
  const session = new Session(join(directory, 'data'), { connectionArgs: ['--output_format_json_quote_64bit_integers=1'] });
  const front: ClickHouseFront = { url: '', username: 'writer', password: 'pass:word', hooks: {}, query, close };
  let last: Promise<unknown> = Promise.resolve();
  let files = 0;

  const server: Server = createServer((request, response) => {
    last = last.then(async () => await handle(request, response)).catch(() => response.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return Object.assign(front, { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` });

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await readBody(request);
    const url = new URL(request.url ?? '/', 'http://front');
    if (url.pathname === '/ping') return void response.end('Ok.\n');
    if (request.headers.authorization !== `Basic ${Buffer.from(`${front.username}:${front.password}`).toString('base64')}`) {
      return fail(
        response,
        401,
        516,
        'Code: 516. DB::Exception: writer: Authentication failed: password is incorrect. (AUTHENTICATION_FAILED)',
      );
    }
    const inUrl = url.searchParams.get('query');
    const statement = inUrl ?? body.toString('utf8');
    try {
      if ((await front.hooks.before?.(statement, request, response)) === true) return;
      const text = await run(statement, url.searchParams, inUrl === null ? undefined : body);
      if ((await front.hooks.after?.(statement, request, response)) === true) return;
      response.setHeader('X-ClickHouse-Summary', '{"read_rows":"0","read_bytes":"0","written_rows":"0","written_bytes":"0"}');
      response.end(text);
    } catch (error) {
      const code = (error as { clickhouseCode?: number }).clickhouseCode ?? 1002;
      fail(response, code === 60 ? 404 : 500, code, (error as Error).message.replace(/^Code: \d+\. DB::Exception: (?=Code: )/, ''));
    }
  }

  async function run(statement: string, url: URLSearchParams, body: Buffer | undefined): Promise<string> {
    const settings = [...url].filter(([name]) => !NOT_SETTINGS.has(name) && !name.startsWith('param_'));
    const clause =
      settings.length === 0
        ? ''
        : ` SETTINGS ${settings.map(([name, value]) => `${name}='${value.replaceAll(/[\\']/g, '\\$&')}'`).join(', ')}`;
    const [, head = statement, format = ''] = /^(.*?)(\s+FORMAT\s+\w+)?\s*$/s.exec(statement) ?? [];
    if (body !== undefined && /^\s*INSERT\b/i.test(statement)) {
      const file = join(directory, `body-${files++}`);
      writeFileSync(file, body);
      try {
        return (await session.queryAsync(`${head} FROM INFILE '${file}' COMPRESSION 'none'${clause}${format}`)).text();
      } finally {
        rmSync(file);
      }
    }
    const params = Object.fromEntries(
      [...url].filter(([name]) => name.startsWith('param_')).map(([name, value]) => [name.slice(6), unescape(value)]),
    );
    const isRead = /^\s*(SELECT|WITH|SHOW|DESCRIBE|EXISTS)\b/i.test(statement);
    return (await session.queryBindAsync(isRead ? `${head}${clause}${format}` : statement, params, { format: 'TSV' })).text();
  }

  async function query<Row>(sql: string): Promise<Row[]> {
    const work = async (before: Promise<unknown>): Promise<Row[]> => {
      // One session, one statement at a time.
      await before;
      const text = (await session.queryAsync(sql, { format: 'JSONEachRow' })).text();
      const lines = text.split('\n').filter((line) => line !== '');
      return lines.map((line) => JSON.parse(line) as Row);
    };
    const rows = work(last);
    last = rows.catch(() => undefined);
    return await rows;
  }

  async function close(): Promise<void> {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
    await last;
    session.close();
    rmSync(directory, { recursive: true, force: true });
  }
}

/** Parameters travel in the escapes of TabSeparated. */
function unescape(value: string): string {
  const escapes: Record<string, string> = { t: '\t', n: '\n', r: '\r', '0': '\0', b: '\b', f: '\f' };
  return value.replaceAll(/\\(.)/gs, (_, character: string) => escapes[character] ?? character);
}

async function readBody(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
  const bytes = Buffer.concat(chunks);
  return request.headers['content-encoding'] === 'gzip' ? gunzipSync(bytes) : bytes;
}

function fail(response: ServerResponse, status: number, code: number, text: string): void {
  response.statusCode = status;
  response.setHeader('X-ClickHouse-Exception-Code', String(code));
  response.end(`${text}\n`);
}
