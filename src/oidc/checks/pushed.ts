import { type CheckInput, refusal } from './check.ts';

/** RFC 9126 section 6: a client that has to push its requests may not send one through the browser. */
export function checkPushed({ client, pushed }: Pick<CheckInput, 'client' | 'pushed'>): void {
  if (client.requirePar && !pushed)
    throw refusal('invalid_request', 'this client must push its authorization requests', 'pushed-request-required');
}
