import assert from 'node:assert/strict';
import { test } from 'node:test';
import { achievedAcr, decideNext, type Outcome, type Progress, type Situation } from './decide.ts';

const NOW = 1_000_000;
const SCOPES = ['openid', 'profile'];
const nothing: Progress = { freshSession: false };
const signedIn = { userId: 'ann', authTime: NOW - 100, amr: ['phr'] };
const byCode = { ...signedIn, amr: ['otp'] };

interface Row extends Partial<Omit<Situation, 'request' | 'client'>> {
  request?: Partial<Situation['request']>;
  client?: Partial<Situation['client']>;
}
const situation = ({ request, client, ...rest }: Row): Situation => ({
  request: { prompt: [], scopes: SCOPES, ...request },
  client: { requireReauthentication: false, skipConsent: false, ...client },
  session: signedIn,
  consented: SCOPES,
  progress: nothing,
  now: NOW,
  ...rest,
});

const shown = (outcome: Outcome): string =>
  outcome.kind === 'step'
    ? outcome.remaining.join(' ')
    : outcome.kind === 'error'
      ? outcome.code
      : `respond ${outcome.authTime - NOW}${outcome.newConsent ? ' new' : ''}`;

const fresh: Progress = { freshSession: true };
const just = { ...signedIn, authTime: NOW - 1 };

/** A row: clause, situation, what is left to do, the error, or `respond` with auth_time relative to now and whether consent is new. */
const TABLE: [clause: string, row: Row, outcome: string][] = [
  ['OIDC Core 3.1.2.3: nobody signed in', { session: undefined, consented: undefined }, 'authenticate consent'],
  [
    'OIDC Core 3.1.2.3: nobody signed in, client skips consent',
    { session: undefined, consented: undefined, client: { skipConsent: true } },
    'authenticate',
  ],
  ['OIDC Core 3.1.2.3: signed in and consented', {}, 'respond -100'],
  ['OIDC Core 3.1.2.4: no consent yet', { consented: undefined }, 'consent'],
  ['OIDC Core 3.1.2.4: consent to fewer scopes', { consented: ['openid'] }, 'consent'],
  ['OIDC Core 3.1.2.4: consent to more scopes', { consented: [...SCOPES, 'email'] }, 'respond -100'],
  ['OIDC Core 3.1.2.4: no scopes at all still need consent once', { request: { scopes: [] }, consented: undefined }, 'consent'],
  [
    'OIDC Core 3.1.2.4: consent by another person does not count',
    { consented: undefined, progress: { ...nothing, consentedBy: 'ben' } },
    'consent',
  ],
  [
    'OIDC Core 3.1.2.4: consent given in this interaction',
    { consented: undefined, progress: { ...nothing, consentedBy: 'ann' } },
    'respond -100 new',
  ],
  ['skipConsent: consent is recorded, not asked', { consented: undefined, client: { skipConsent: true } }, 'respond -100 new'],
  ['prompt=consent: asked although it stands', { request: { prompt: ['consent'] } }, 'consent'],
  ['prompt=consent: asked although the client skips it', { request: { prompt: ['consent'] }, client: { skipConsent: true } }, 'consent'],
  ['prompt=consent: given', { request: { prompt: ['consent'] }, progress: { ...nothing, consentedBy: 'ann' } }, 'respond -100'],
  ['prompt=none: nobody signed in', { request: { prompt: ['none'] }, session: undefined }, 'login_required'],
  ['prompt=none: signed in and consented', { request: { prompt: ['none'] } }, 'respond -100'],
  ['prompt=none: no consent', { request: { prompt: ['none'] }, consented: undefined }, 'consent_required'],
  ['prompt=none: max_age elapsed', { request: { prompt: ['none'], maxAge: 50 } }, 'login_required'],
  [
    'prompt=none: client demands reauthentication',
    { request: { prompt: ['none'] }, client: { requireReauthentication: true } },
    'login_required',
  ],
  ['prompt=login: a session is not enough', { request: { prompt: ['login'] } }, 'reauthenticate'],
  ['prompt=login: a sign-in since the request', { request: { prompt: ['login'] }, progress: fresh, session: just }, 'respond -1'],
  [
    'prompt=login: reauthenticated since the request',
    { request: { prompt: ['login'] }, progress: { ...nothing, reauthenticated: { userId: 'ann', at: NOW - 2 } } },
    'respond -2',
  ],
  [
    'prompt=login: somebody else reauthenticated',
    { request: { prompt: ['login'] }, progress: { ...nothing, reauthenticated: { userId: 'ben', at: NOW - 2 } } },
    'reauthenticate',
  ],
  ['prompt=login: nobody signed in, one sign-in does both', { request: { prompt: ['login'] }, session: undefined }, 'authenticate'],
  ['prompt=select_account: has to be chosen', { request: { prompt: ['select_account'] } }, 'select_account'],
  [
    'prompt=select_account: chosen',
    { request: { prompt: ['select_account'] }, progress: { ...nothing, selectedBy: 'ann' } },
    'respond -100',
  ],
  [
    'prompt=select_account: chosen by another person',
    { request: { prompt: ['select_account'] }, progress: { ...nothing, selectedBy: 'ben' } },
    'select_account',
  ],
  [
    'prompt=select_account: signing in is choosing',
    { request: { prompt: ['select_account'] }, progress: fresh, session: just },
    'respond -1',
  ],
  [
    'prompt=login consent select_account: in this order',
    { request: { prompt: ['login', 'consent', 'select_account'] } },
    'select_account reauthenticate consent',
  ],
  ['max_age: not elapsed', { request: { maxAge: 101 } }, 'respond -100'],
  ['max_age: elapsed to the second', { request: { maxAge: 100 } }, 'reauthenticate'],
  ['max_age=0: always', { request: { maxAge: 0 }, session: { ...signedIn, authTime: NOW } }, 'reauthenticate'],
  ['max_age=0: a ceremony since the request', { request: { maxAge: 0 }, progress: fresh, session: just }, 'respond -1'],
  ['requiresReauthentication: a session is not enough', { client: { requireReauthentication: true } }, 'reauthenticate'],
  [
    'requiresReauthentication: a passkey sign-in since the request',
    { client: { requireReauthentication: true }, progress: fresh, session: just },
    'respond -1',
  ],
  [
    'requiresReauthentication: a one-time code since the request is no passkey',
    { client: { requireReauthentication: true }, progress: fresh, session: byCode },
    'reauthenticate',
  ],
  [
    'requiresReauthentication: a passkey after the one-time code',
    { client: { requireReauthentication: true }, session: byCode, progress: { ...fresh, reauthenticated: { userId: 'ann', at: NOW - 3 } } },
    'respond -3',
  ],
  ['id_token_hint: the person signed in', { request: { expectedSubject: 'ann' } }, 'respond -100'],
  ['id_token_hint: another person, prompt=none', { request: { expectedSubject: 'ben', prompt: ['none'] } }, 'login_required'],
  ['id_token_hint: another person has to sign in', { request: { expectedSubject: 'ben' } }, 'authenticate'],
  ['id_token_hint: another person signed in since', { request: { expectedSubject: 'ben' }, progress: fresh }, 'login_required'],
  ['id_token_hint: unreadable, prompt=none', { request: { expectedSubject: null, prompt: ['none'] } }, 'login_required'],
  ['id_token_hint: unreadable is ignored otherwise', { request: { expectedSubject: null } }, 'respond -100'],
];

for (const [clause, row, outcome] of TABLE) test(`${clause} → ${outcome}`, () => assert.equal(shown(decideNext(situation(row))), outcome));

test('acr: none unless asked for, phr only for a passkey, else 0', () => {
  assert.equal(achievedAcr([], ['phr']), undefined);
  assert.equal(achievedAcr(['phr'], ['phr']), 'phr');
  assert.equal(achievedAcr(['phr'], ['otp']), '0');
  assert.equal(achievedAcr(['urn:example:gold'], ['phr']), '0');
});
