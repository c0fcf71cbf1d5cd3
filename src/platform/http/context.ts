import type { Context } from 'hono';

/** What every handler finds on `c.var`; set before any route runs. */
export interface Vars {
  /** UUID; also sent as `X-Request-ID` and stored with audit rows. */
  requestId: string;
  /** The client's address after TRUST_PROXY was applied. */
  ip: string;
  userAgent: string;
}
export type Env = { Variables: Vars };
export type Ctx = Context<Env>;

/** Where an action came from, for audit rows and log lines. */
export interface Origin {
  requestId: string;
  ip: string;
  userAgent: string;
}
export const originOf = (c: Ctx): Origin => ({ requestId: c.var.requestId, ip: c.var.ip, userAgent: c.var.userAgent });

/** `8c1f0a2e-…` → `8C1F-0A2E`: what a person can read out, and what the log line carries as `ref`. */
export const shortId = (requestId: string): string => {
  const head = requestId.replaceAll('-', '').slice(0, 8).toUpperCase();
  return `${head.slice(0, 4)}-${head.slice(4)}`;
};
