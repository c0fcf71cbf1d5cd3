import type { SigningAlg } from '#oidc/ports.ts';
import { type GenerateKey, generateKey } from '../signing-keys/service.ts';

const made = new Map<string, ReturnType<GenerateKey>>();

/** Real keys, made once for each test process: the n-th key of an algorithm is the same in every world, and never twice in one. */
export function sharedKeys(): GenerateKey {
  const asked = new Map<SigningAlg, number>();
  return (alg) => {
    const n = asked.get(alg) ?? 0;
    asked.set(alg, n + 1);
    const name = `${alg} ${n}`;
    const pair = made.get(name) ?? generateKey(alg);
    made.set(name, pair);
    return pair;
  };
}
