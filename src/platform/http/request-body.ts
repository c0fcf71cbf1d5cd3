import { isUtf8 } from 'node:buffer';
import type { ServerResponse } from 'node:http';
import type { Served } from './answer.ts';

/** Why a body was not read. `gone`: the client went away, nobody is left to answer. */
export type BodyRefusal = 'too large' | 'encoded' | 'gone';

/**
 * Reads a body of at most `limit` bytes. A longer one is refused by its announced length before a byte of it is read, else at the byte too many.
 * Compressed bodies are refused: a few bytes could become gigabytes. A text that is not UTF-8 is noted in the exchange, to be refused in the form that
 * its endpoint has for that: read with other characters in place of its own it would be a text that nobody sent.
 */
export function readBody(
  incoming: Served,
  outgoing: ServerResponse,
  limit: number,
  awaitsContinue: boolean,
): Promise<Buffer | BodyRefusal> {
  const { headers } = incoming;
  const announced = headers['content-length'];
  if (announced !== undefined && Number(announced) > limit) return Promise.resolve('too large');
  const coding = headers['content-encoding'];
  if (coding !== undefined && coding.toLowerCase() !== 'identity') return Promise.resolve('encoded');
  // Node takes the chunks apart and leaves a coding beneath them as it is (`gzip, chunked`).
  const transfer = headers['transfer-encoding'];
  if (transfer !== undefined && transfer.trim().toLowerCase() !== 'chunked') return Promise.resolve('encoded');
  if (awaitsContinue) outgoing.writeContinue();
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    let length = 0;
    const onData = (chunk: Buffer) => {
      length += chunk.length;
      if (length <= limit) return void chunks.push(chunk);
      incoming.off('data', onData).pause();
      resolve('too large');
    };
    incoming
      .on('data', onData)
      .on('end', () => {
        const body = chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks);
        if (!isUtf8(body) && !/^multipart\//i.test(headers['content-type'] ?? '')) incoming.exchange.garbled = true;
        resolve(body);
      })
      .on('error', () => resolve('gone'))
      .on('close', () => resolve('gone'));
  });
}
