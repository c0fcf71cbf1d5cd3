import { html } from 'hono/html';
import { browserOf } from '#platform/user-agent.ts';
import { ICONS } from './icons.ts';
import type { Look } from './layout.ts';
import type { Html } from './messages.ts';

/** Where a request came from that somebody else is to allow. */
export interface Asker {
  userAgent: string;
  ip: string;
  /** Undefined for the network at home, empty when nobody knows. */
  place: string | undefined;
  /** Seconds since 1970. */
  at: number;
  /** The place is DB-IP's. */
  needsCredit?: boolean;
}

/** In these words: DB-IP's licence asks for them wherever its answers are shown. */
const CREDIT = html` · <a href="https://db-ip.com">IP Geolocation by DB-IP</a>`;

/** Two lines of facts, so that a request that somebody else made is noticed (RFC 8628 section 5.4). */
export function askerFacts({ t }: Look, { userAgent, ip, place, at, needsCredit }: Asker, now: number): Html {
  const known = browserOf(userAgent);
  const device = known ? t('account.session.device', known) : t('account.session.unknown');
  const where = place === undefined ? t('approval.home') : place || t('approval.nowhere');
  return html`<li>${ICONS.screen}<span>${device}</span><small>${t.rich('approval.asked', { time: t.ago(at, now) })}</small></li><li>${ICONS.place}<span>${where}</span><small>${ip}${needsCredit === true && CREDIT}</small></li>`;
}
