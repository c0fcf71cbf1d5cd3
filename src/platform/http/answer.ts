import { type IncomingMessage, type OutgoingHttpHeader, type OutgoingHttpHeaders, ServerResponse } from 'node:http';
import type { Exchange } from './exchange.ts';
import type { DefaultHeaders } from './headers.ts';

/** A request that our server has begun to answer. */
export type Served = IncomingMessage & { exchange: Exchange };

/** Name, value, name, value …, in the order they are sent. */
type Flat = string[];

function flat(given: OutgoingHttpHeaders | Flat | undefined): Flat {
  if (Array.isArray(given)) return given;
  const list: Flat = [];
  for (const name in given) for (const value of [given[name] as OutgoingHttpHeader].flat()) list.push(name, String(value));
  return list;
}

/** What was chosen for an answer, and the defaults for the rest. */
export function complete(given: OutgoingHttpHeaders | Flat | undefined, defaults: readonly string[]): Flat {
  const list = flat(given);
  const chosen = new Set<string>();
  for (let i = 0; i < list.length; i += 2) chosen.add((list[i] as string).toLowerCase());
  const all = list.slice();
  for (let i = 0; i < defaults.length; i += 2)
    if (!chosen.has(defaults[i] as string)) all.push(defaults[i] as string, defaults[i + 1] as string);
  return all;
}

/** Answers wait no longer than this for others, in milliseconds. */
const LONGEST_WAIT = 1;
let held: (() => void)[] = [];
let heldSince = 0;

function letGo(): void {
  const all = held;
  held = [];
  for (const send of all) send();
}

/**
 * Holds an answer back until the others of this turn of the event loop are ready too. A write to somebody who sleeps has to wake them, which costs
 * as much as half of a small request; where a proxy has sent us many, the first write wakes it and the rest find it awake.
 */
function hold(send: () => void): void {
  if (held.push(send) === 1) {
    heldSince = performance.now();
    setImmediate(letGo);
  } else if (performance.now() - heldSince > LONGEST_WAIT) letGo();
}

/**
 * Node's answers with the default headers: they are put in here, while the head is written, because a `Headers` object for each of them costs
 * more than everything else that the server does. Knows how long its body was, for the request log.
 */
export const answerClass = ({ closed, open }: DefaultHeaders) =>
  class Answer extends ServerResponse {
    size = 0;

    override writeHead(status: number, headers?: unknown): this {
      // Absent when Node answers by itself, as it does to an expectation it does not know.
      const { exchange } = this.req as Partial<Served>;
      const all = complete(headers as Flat | undefined, exchange?.cors ? open : closed);
      if (exchange?.requestId !== undefined) all.push('x-request-id', exchange.requestId);
      return super.writeHead(status, all);
    }

    /** Head and body as they are given, nothing added. `latin1`: each character of the body stands for one byte. */
    endWhole(status: number, headers: Flat, body: string | undefined, encoding?: 'latin1'): void {
      super.writeHead(status, headers);
      this.end(body, encoding);
    }

    // biome-ignore lint/suspicious/noExplicitAny: three overloads, handed on as they came.
    override end(...args: any[]): this {
      const [chunk, encoding] = args;
      if (typeof chunk === 'string') {
        const length = encoding === 'latin1' ? chunk.length : Buffer.byteLength(chunk);
        this.size += length;
        // A text of one byte for each character needs no encoding.
        if (length === chunk.length && encoding === undefined) args[1] = 'latin1';
      } else if (chunk instanceof Uint8Array) this.size += chunk.byteLength;
      // Whoever wrote no head yet hears at once, and not later where nobody listens, that theirs cannot be sent.
      if (!this.headersSent) return super.end(...(args as []));
      hold(() => super.end(...(args as [])));
      return this;
    }
  };
export type Answer = InstanceType<ReturnType<typeof answerClass>>;
