import { Worker } from 'node:worker_threads';
import { AppError } from '#platform/errors.ts';

/** Of one decoding. */
interface HeicLimits {
  maxPixels: number;
  /** Bytes, of the decoder's memory. */
  maxMemory: number;
  milliseconds: number;
}
export interface HeicTask extends Omit<HeicLimits, 'milliseconds'> {
  bytes: Uint8Array;
}

const MIB = 1024 * 1024;
/** A phone's 24 megapixels. */
const MOST_PIXELS = 26_000_000;
/** Bytes that a picture takes on its way for each of its pixels: in the decoder, and then as a TIFF for the image library. */
const BYTES_A_PIXEL = 16;
/** Bytes that are left to everything else. */
const SPARED = 64 * MIB;

/** What `free` bytes of memory allow: in a container with little of it a large picture would end the whole server. */
export function limitsWith(free: number): HeicLimits {
  const memory = free - SPARED;
  if (memory < 64 * MIB) throw new AppError('unavailable', { detail: 'too little memory for a HEIC file' });
  return {
    maxPixels: Math.min(MOST_PIXELS, Math.floor(memory / BYTES_A_PIXEL)),
    maxMemory: Math.min(256 * MIB, memory),
    milliseconds: 10_000,
  };
}
/** Who comes when so many wait is told to come again: each may take ten seconds. */
const MOST_WAITING = 3;

const decode = (bytes: Uint8Array, { milliseconds, ...limits }: HeicLimits): Promise<Uint8Array> =>
  new Promise((resolve, reject) => {
    const task: HeicTask = { bytes, ...limits };
    const worker = new Worker(new URL('./heic-worker.ts', import.meta.url), {
      workerData: task,
      execArgv: [],
      // It knows no secret, and what it says is nobody's log line.
      env: {},
      stdout: true,
      stderr: true,
      resourceLimits: { maxOldGenerationSizeMb: 64, maxYoungGenerationSizeMb: 16 },
    });
    const refuse = (detail: string) => reject(new AppError('invalid_image', { detail: `HEIC: ${detail}` }));
    const late = setTimeout(() => {
      refuse('takes too long');
      void worker.terminate();
    }, milliseconds);
    let tiff: Uint8Array | undefined;
    worker.once('message', (answer: Uint8Array) => {
      tiff = answer;
    });
    worker.once('error', ({ message }) => refuse(message));
    // Not before: the decoder's memory is free again when the image library takes its own.
    worker.once('exit', () => {
      clearTimeout(late);
      if (tiff) resolve(tiff);
      else refuse('no answer');
    });
  });

let waiting = 0;
let last: Promise<unknown> = Promise.resolve();

/**
 * The picture of a HEIC file, upright and without its metadata, as a TIFF for the image library, which has no decoder for it. One at a time, in a
 * thread of its own that ends with it: nothing is loaded before the first, nothing stays, and what a file does to the decoder ends there. Throws
 * `invalid_image`, or `unavailable` while too many wait.
 */
export async function tiffOfHeic(bytes: Uint8Array, limits?: HeicLimits): Promise<Uint8Array> {
  if (waiting >= MOST_WAITING) throw new AppError('unavailable', { detail: 'too many HEIC files at once' });
  waiting++;
  const turn = last.then(() => decode(bytes, limits ?? limitsWith(process.availableMemory()))).finally(() => waiting--);
  // Without the picture: it would be held until the next one comes.
  last = turn.then(
    () => undefined,
    () => undefined,
  );
  return turn;
}
