import { readFileSync } from 'node:fs';

/** One call a client of Pocket ID made, with the answer of the original (2.9.0). */
export interface RecordedCall {
  n: number;
  auth: 'api-key' | 'cookie' | 'none';
  method: string;
  path: string;
  body: unknown;
  status: number;
  answer: unknown;
}

export const RECORDINGS = ['operator', 'ansible', 'ansible-examples', 'terraform'] as const;
export type Recording = (typeof RECORDINGS)[number];

export const callsOf = (recording: Recording): RecordedCall[] =>
  readFileSync(new URL(`./recorded/${recording}.jsonl`, import.meta.url), 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as RecordedCall);
