import { scopeOfClaim } from '../claims.ts';
import type { RequestedClaims } from '../ports.ts';
import { type CheckInput, refusal } from './check.ts';

/** What the `claims` parameter asks for, besides what scopes do. */
export interface AskedClaims {
  /** Names to give at userinfo and in the ID token. */
  claims?: RequestedClaims;
  /** Values of `acr`, as `acr_values` has them. */
  acrValues: string[];
  /** One of `acrValues` is demanded: without it there is no answer (section 5.5.1.1). */
  acrEssential: boolean;
  /** The person the ID token has to be about. */
  subject?: string;
}

const MAX_NAMES = 100;
const malformed = (reason: string) => refusal('invalid_request', 'the claims parameter is malformed', reason);
const isObject = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null && !Array.isArray(value);

interface Wish {
  essential: boolean;
  values: unknown[];
}
type Wishes = ReadonlyMap<string, Wish>;

function wish(value: unknown): Wish {
  if (value === null) return { essential: false, values: [] };
  if (!isObject(value)) throw malformed('claims-shape');
  // Null here too: no claim has it for a value.
  const { value: one, values: several } = value;
  if (several !== undefined && several !== null && !Array.isArray(several)) throw malformed('claims-shape');
  const values = one !== undefined && one !== null ? [one] : (several ?? []);
  return { essential: value.essential === true, values };
}

function wishes(member: unknown): Wishes {
  // Libraries that write every member they know write null for those that were left out.
  if (member === undefined || member === null) return new Map();
  if (!isObject(member)) throw malformed('claims-shape');
  const entries = Object.entries(member);
  if (entries.length > MAX_NAMES) throw malformed('claims-too-many');
  return new Map(entries.map(([name, value]) => [name, wish(value)]));
}

function parsed(text: string): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw malformed('claims-no-json');
  }
  if (!isObject(value)) throw malformed('claims-shape');
  return value;
}

/** Section 5.5.1: the ID token is about this person or there is none, so a value that names nobody is refused instead of overlooked. */
function subjectOf(asked: Wish | undefined): string | undefined {
  if (!asked || asked.values.length === 0) return undefined;
  const [subject, ...others] = asked.values;
  if (typeof subject !== 'string' || others.length > 0) throw malformed('claims-subject');
  return subject;
}

/** The acr a passkey gives, and the one anything else gives. */
export const ACRS = ['phr', '0'];

function acrOf(asked: Wish | undefined): { acrValues: string[]; acrEssential: boolean } {
  if (!asked) return { acrValues: [], acrEssential: false };
  const values = asked.values.filter((value) => typeof value === 'string').slice(0, 10);
  if (asked.values.length === 0) return { acrValues: ACRS, acrEssential: false };
  if (asked.essential && !values.some((value) => ACRS.includes(value)))
    throw refusal('unmet_authentication_requirements', 'no acr of the requested ones can be reached', 'acr-unreachable');
  return { acrValues: values, acrEssential: asked.essential };
}

/**
 * OpenID Connect Core section 5.5: single claims, for a request with `openid`. Names we do not know are left out (section 5.5.1), but with the scope `profile`
 * they may be custom claims. Throws redirectable `invalid_request` for what is no JSON of the right shape.
 */
export function checkClaims({ parameters }: Pick<CheckInput, 'parameters'>, scopes: readonly string[]): AskedClaims {
  const text = parameters.get('claims');
  if (text === undefined) return { acrValues: [], acrEssential: false };
  const { userinfo, id_token } = parsed(text);
  const atUserinfo = wishes(userinfo);
  const inIdToken = wishes(id_token);
  const asked = { ...acrOf(inIdToken.get('acr')), subject: subjectOf(inIdToken.get('sub')) };
  const names = (of: Wishes) =>
    [...of.keys()].filter((name) => {
      const scope = scopeOfClaim(name);
      return scope !== undefined && (scope !== 'custom' || scopes.includes('profile'));
    });
  const claims = { userinfo: names(atUserinfo), idToken: names(inIdToken) };
  const isEmpty = claims.userinfo.length === 0 && claims.idToken.length === 0;
  return isEmpty || !scopes.includes('openid') ? asked : { ...asked, claims };
}
