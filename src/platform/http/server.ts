import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { getRequestListener } from '@hono/node-server';
import { AppError, type ErrorCode } from '../errors.ts';
import type { Log } from '../log.ts';
import { type Answer, answerClass, complete, type Served } from './answer.ts';
import { answerBadRequest } from './bad-request.ts';
import { clientAddress } from './client-address.ts';
import type { Endpoints, Reply } from './endpoints.ts';
import type { Exchange } from './exchange.ts';
import { fileTooLarge } from './file-size.ts';
import { defaultHeaders } from './headers.ts';
import { type BodyRefusal, readBody } from './request-body.ts';
import { requestLog } from './request-log.ts';
import { targetJudge, tooManyParameters } from './request-target.ts';
import { sharedAnswers } from './shared-answers.ts';

/** What every socket may cost us. Times are milliseconds; Node looks for late ones every second. */
export const LIMITS = {
  headersTimeout: 12_000,
  requestTimeout: 27_000,
  /** Longer than the minute that reverse proxies keep idle connections, so that they end them and never we under a request. */
  keepAliveTimeout: 75_000,
  idleSocketTimeout: 90_000,
  maxHeaderSize: 16 * 1024,
  maxHeaders: 100,
  maxRequestsPerSocket: 1000,
  maxConnections: 16_000,
  /** Requests of one socket that wait until an earlier one of it is answered. Browsers and proxies send none before that. */
  maxWaiting: 16,
  body: 64 * 1024,
  upload: 3 * 1024 * 1024,
  /** How long a refused client is listened to. */
  linger: 1000,
  checkInterval: 1000,
};

const announcesBody = ({ headers }: IncomingMessage): boolean =>
  (headers['content-length'] ?? '0') !== '0' || headers['transfer-encoding'] !== undefined;

interface Options {
  /** Endpoints that are served without the application around them. */
  endpoints?: Pick<Endpoints, 'find' | 'protocolRow'>;
  fetch: (request: Request, env: { exchange: Exchange }) => Response | Promise<Response>;
  config: { appUrl: string; internalAppUrl: string; trustProxy: boolean | string[]; logQueryArgs: boolean };
  log: Log;
  /** Paths whose bodies may be as large as a picture. */
  isUpload: (method: string, path: string) => boolean;
  /** What a path begins with when the rest of it is a secret. */
  secretPaths: readonly string[];
  /** Seconds to wait when this client has asked for too much; absent: no limit. */
  admit?: (path: string, ip: string) => number | undefined;
  /** For tests, which do not wait half a minute. */
  limits?: typeof LIMITS;
}

const REFUSALS: Record<number, ErrorCode> = {
  400: 'invalid_request',
  413: 'body_too_large',
  414: 'uri_too_long',
  415: 'body_encoding_not_supported',
  421: 'misdirected_request',
  429: 'rate_limited',
  431: 'headers_too_large',
  503: 'unavailable',
};
const OF_BODY: Record<Exclude<BodyRefusal, 'gone'>, number> = { 'too large': 413, encoded: 415 };

/**
 * The HTTP server: judges every request before the application sees it (size, target, host, client), reads its body, and writes its line in the
 * log. The application gets whole requests only.
 */
export function httpServer({ fetch, endpoints, config, log, isUpload, secretPaths, admit, limits = LIMITS }: Options) {
  const judge = targetJudge([config.appUrl, config.internalAppUrl]);
  const addressOf = clientAddress(config.trustProxy);
  const write = requestLog({ log, logQueryArgs: config.logQueryArgs, secretPaths });
  const defaults = defaultHeaders({ secure: config.appUrl.startsWith('https:') });
  const shared = sharedAnswers(() => performance.now());
  let draining = false;

  const listener = getRequestListener(
    async (request, env) => {
      const incoming = env.incoming as Served;
      const response = await fetch(request, { exchange: incoming.exchange });
      const { shareSeconds: seconds, cors } = incoming.exchange;
      if (seconds === undefined) return response;
      return shared.keep(incoming.url as string, response, seconds, cors ? defaults.open : defaults.closed);
    },
    { hostname: new URL(config.appUrl).host },
  );

  const refuse = (incoming: Served, outgoing: ServerResponse, status: number, why: string, retryAfter?: number) => {
    const isFile = status === 413 && incoming.headers['content-type']?.startsWith('multipart/form-data');
    const message = status === 421 ? `${why.charAt(0).toUpperCase()}${why.slice(1)}` : undefined;
    const error = isFile ? fileTooLarge() : new AppError(REFUSALS[status] as ErrorCode, { message });
    const endpoint = endpoints?.protocolRow(incoming.method ?? '', (incoming.url ?? '').split('?', 1)[0] as string);
    incoming.exchange.cors = endpoint?.cors;
    const told =
      endpoint && error.status < 429
        ? // RFC 6749 section 5.2, for libraries that know no other answer of these endpoints.
          { error: 'invalid_request', error_description: why }
        : { error: error.message, code: error.code, details: error.extra.details, request_id: incoming.exchange.requestId };
    const body = Buffer.from(JSON.stringify(told));
    incoming.exchange.reason = why;
    // What is left of the request is not read: the connection cannot be used again.
    const close = status === 429 ? [] : ['connection', 'close'];
    const wait = retryAfter === undefined ? [] : ['retry-after', String(retryAfter)];
    outgoing.writeHead(status, [...close, ...wait, 'content-type', 'application/json', 'content-length', String(body.length)]);
    if (status === 429 || incoming.complete || !announcesBody(incoming)) return void outgoing.end(body);
    // Closing while the client still sends would reset the connection before it has read the answer: listen a little longer.
    outgoing.write(body);
    const end = () => void outgoing.end();
    const late = setTimeout(end, limits.linger);
    incoming
      .on('data', () => {})
      .once('close', () => clearTimeout(late))
      .once('end', end)
      .resume();
  };

  const answerFromMemory = (incoming: Served, outgoing: Answer): boolean => {
    if (incoming.method !== 'GET' && incoming.method !== 'HEAD') return false;
    const answer = shared.find(incoming.url as string);
    if (!answer) return false;
    const body = incoming.method === 'HEAD' ? undefined : answer.body;
    outgoing.endWhole(200, [...answer.headers, 'x-request-id', incoming.exchange.requestId as string], body, 'latin1');
    return true;
  };

  const withBody = async (incoming: Served, outgoing: Answer, path: string, awaitsContinue: boolean) => {
    const body = await readBody(
      incoming,
      outgoing,
      isUpload(incoming.method as string, path) ? limits.upload : limits.body,
      awaitsContinue,
    );
    if (body === 'gone') return;
    if (typeof body === 'string') return refuse(incoming, outgoing, OF_BODY[body], `the body is ${body}`);
    if (incoming.headers['content-type']?.startsWith('application/x-www-form-urlencoded') && tooManyParameters(body))
      return refuse(incoming, outgoing, 400, 'there are too many parameters');
    pass(incoming, outgoing, path, body);
  };

  /** Headers as they go out, by the object in which a reply names them: most replies share one. */
  const heads = { open: new WeakMap<object, string[]>(), closed: new WeakMap<object, string[]>() };
  const headOf = ({ headers }: Reply, kind: 'open' | 'closed'): string[] => {
    let head = heads[kind].get(headers);
    if (!head) {
      head = complete(headers as Record<string, string>, defaults[kind]);
      heads[kind].set(headers, head);
    }
    return head;
  };

  const answerCall = async (
    endpoint: NonNullable<ReturnType<Endpoints['find']>>,
    incoming: Served,
    outgoing: Answer,
    path: string,
    body: Buffer | undefined,
  ) => {
    const { exchange, headers, url = '', method = '' } = incoming;
    const requestId = exchange.requestId as string;
    const last: string[] = [];
    const reply = await endpoint(
      {
        method,
        url: `http://${headers.host}`,
        path,
        query: url.slice(path.length + 1),
        header: (name) => headers[name] as string | undefined,
        body: body?.toString() ?? '',
        garbled: exchange.garbled,
        origin: { requestId, ip: exchange.ip, userAgent: headers['user-agent'] ?? '' },
        setCookie: (line) => void last.push('set-cookie', line),
      },
      exchange,
    );
    const head = headOf(reply, exchange.cors ? 'open' : 'closed');
    last.push('content-length', String(Buffer.byteLength(reply.body)), 'x-request-id', requestId);
    outgoing.endWhole(reply.status, [...head, ...last], reply.body);
  };

  let arrived: (() => void)[] = [];
  /**
   * Begins the requests that came in one turn of the event loop at the same time, so that they go from step to step together: sixty-four readings of
   * the database, then as many signatures. Each step finds its code and data in the processor's caches, which is half of what it takes.
   */
  const begin = () => {
    const all = arrived;
    arrived = [];
    for (const start of all) start();
  };

  /** On to whoever answers; `body` was read already. */
  const pass = (incoming: Served, outgoing: Answer, path: string, body?: Buffer): void => {
    if (arrived.length === 0) setImmediate(begin);
    const endpoint = endpoints?.find(incoming.method as string, path);
    if (endpoint) arrived.push(() => void answerCall(endpoint, incoming, outgoing, path, body));
    else {
      if (body) (incoming as { rawBody?: Buffer }).rawBody = body;
      arrived.push(() => void listener(incoming, outgoing));
    }
  };

  const handle = (message: IncomingMessage, response: ServerResponse, awaitsContinue = false) => {
    const incoming = message as Served;
    const outgoing = response as Answer;
    const began = performance.now();
    const exchange: Exchange = {
      ip: addressOf(incoming.socket.remoteAddress, incoming.headers['x-forwarded-for'] as string | undefined),
      requestId: randomUUID(),
      served: true,
    };
    incoming.exchange = exchange;
    const line = incoming.url as string;
    outgoing.once('close', () => {
      const status = outgoing.headersSent ? outgoing.statusCode : 499;
      write(incoming, incoming.url as string, exchange, status, performance.now() - began, outgoing.size);
      // Answers that began before the stop did not tell their clients to close.
      if (draining) server.closeIdleConnections();
    });
    if (draining) outgoing.setHeader('connection', 'close');
    if (incoming.rawHeaders.length > 2 * limits.maxHeaders) return refuse(incoming, outgoing, 431, 'there are too many headers');
    const target = judge(line, incoming.headers.host);
    if ('refuse' in target) return refuse(incoming, outgoing, target.refuse, target.why);
    if (draining && (target.url === '/healthz' || target.url === '/readyz')) return refuse(incoming, outgoing, 503, 'stopping');
    incoming.url = target.url;
    const query = target.url.indexOf('?');
    const path = query === -1 ? target.url : target.url.slice(0, query);
    const wait = admit?.(path, exchange.ip);
    if (wait !== undefined) return refuse(incoming, outgoing, 429, 'too many requests', wait);
    if (answerFromMemory(incoming, outgoing)) return;
    if (incoming.method === 'HEAD') {
      // Answered as a GET, whose length the head then tells; Node, which was asked with HEAD, leaves the body out.
      exchange.head = true;
      incoming.method = 'GET';
    }
    if (announcesBody(incoming)) return void withBody(incoming, outgoing, path, awaitsContinue);
    pass(incoming, outgoing, path);
  };

  const waiting = new WeakMap<Socket, number>();
  /**
   * Node would have the application answer all that a socket has sent, and keep the answers until the client reads them: a few kilobytes of
   * requests would fill the memory. So each waits until its answer is the one to be sent.
   */
  const receive = (message: IncomingMessage, response: ServerResponse, awaitsContinue = false) => {
    if (response.socket !== null) return handle(message, response, awaitsContinue);
    const { socket } = message;
    const before = waiting.get(socket) ?? 0;
    if (before >= limits.maxWaiting) return void socket.destroy();
    waiting.set(socket, before + 1);
    response.once('socket', () => {
      waiting.set(socket, (waiting.get(socket) ?? 1) - 1);
      handle(message, response, awaitsContinue);
    });
  };

  const server = createServer({
    headersTimeout: limits.headersTimeout,
    requestTimeout: limits.requestTimeout,
    keepAliveTimeout: limits.keepAliveTimeout,
    maxHeaderSize: limits.maxHeaderSize,
    // Two Authorization headers are neither of them.
    joinDuplicateHeaders: true,
    connectionsCheckingInterval: limits.checkInterval,
    insecureHTTPParser: false,
    ServerResponse: answerClass(defaults),
  });
  server.maxHeadersCount = limits.maxHeaders + 1;
  server.maxRequestsPerSocket = limits.maxRequestsPerSocket;
  server.maxConnections = limits.maxConnections;
  server.setTimeout(limits.idleSocketTimeout);
  server.on('request', receive);
  server.on('checkContinue', (incoming, outgoing) => receive(incoming, outgoing, true));
  server.on('clientError', (cause: NodeJS.ErrnoException, socket: Socket) =>
    answerBadRequest(cause, socket, defaults.closed, limits.linger),
  );

  return {
    server,
    async listen(port: number, host: string): Promise<void> {
      server.listen(port, host, 4096);
      await once(server, 'listening');
    },
    isDraining: () => draining,
    /** Takes no new connection, lets what is under way finish for at most `graceMs`, and ends the rest. */
    async drain(graceMs: number): Promise<void> {
      draining = true;
      const closed = once(server, 'close');
      server.close();
      const late = setTimeout(() => server.closeAllConnections(), graceMs);
      await closed;
      clearTimeout(late);
    },
  };
}
