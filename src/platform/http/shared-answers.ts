import { complete } from './answer.ts';

/** An answer as its handler gave it. */
interface Answer {
  /** Complete but for X-Request-ID. */
  headers: string[];
  /** One character for each byte: a text goes out in one piece with the headers, bytes would be a second one. */
  body: string;
  until: number;
}

const MOST = 32;
const LARGEST = 64 * 1024;

/** Keeps answers that are the same for everybody, for as long as their handler said. `clock` answers milliseconds. */
export function sharedAnswers(clock: () => number) {
  const answers = new Map<string, Answer>();
  return {
    find(url: string): Answer | undefined {
      const found = answers.get(url);
      if (found === undefined || found.until > clock()) return found;
      answers.delete(url);
      return undefined;
    },
    /** Keeps a 200 answer; `url` must have no query. */
    async keep(url: string, response: Response, seconds: number, defaults: readonly string[]): Promise<Response> {
      if (response.status !== 200 || url.includes('?') || answers.size >= MOST) return response;
      const body = Buffer.from(await response.clone().arrayBuffer());
      if (body.length > LARGEST) return response;
      const headers = [...response.headers].filter(([name]) => name !== 'content-length');
      answers.set(url, {
        headers: complete([...headers.flat(), 'content-length', String(body.length)], defaults),
        body: body.toString('latin1'),
        until: clock() + seconds * 1000,
      });
      return response;
    },
  };
}
