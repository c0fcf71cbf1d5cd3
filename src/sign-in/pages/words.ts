import type { Look, ScriptData } from './layout.ts';

/** What a passkey is asked for: to be made, to sign in, or to prove that who is signed in is still there (where no code helps). */
type Purpose = 'make' | 'signIn' | 'prove';

/** Sentences `page.js` may need in a ceremony, some by the `details.problem` of a refusal; `{id}` of the last resorts is filled in there. */
export function ceremonyWords(look: Look, purpose: Purpose): ScriptData['words'] {
  const { t, appUrl } = look;
  const both = {
    unverified: t('passkey.unverified'),
    synced: t('passkey.synced'),
    unsuitable: t('passkey.unsuitable'),
    unsupported: t('passkey.unsupported'),
    insecure: t('passkey.insecure', { address: appUrl }),
    address: t('passkey.address', { address: appUrl }),
    untouched: t('passkey.untouched'),
    unstored: t('passkey.unstored'),
    unsound: t('passkey.unsound'),
    unusable: t('passkey.unusable', { id: '{id}' }),
    expired: t('passkey.expired'),
    disabled: t('passkey.disabled', { id: '{id}' }),
    ...formWords(look),
  };
  return purpose === 'make'
    ? {
        ...both,
        waiting: t('addPasskey.waiting'),
        done: t('addPasskey.done'),
        notCreated: t('passkey.notCreated'),
        exists: t('passkey.exists'),
        platform: t('passkey.platform'),
        roaming: t('passkey.roaming'),
      }
    : {
        ...both,
        waiting: t('signIn.waiting'),
        done: t(purpose === 'prove' ? 'button.moment' : 'signIn.done'),
        changed: t('passkey.changed'),
        cancelled: t(purpose === 'prove' ? 'passkey.notProven' : 'passkey.cancelled'),
        unknown: t(purpose === 'prove' ? 'passkey.notYours' : 'passkey.unknown'),
      };
}

/** What a form that is sent by script may need. */
export const formWords = ({ t, appUrl }: Look): ScriptData['words'] => ({
  onward: t('onward.button'),
  cookies: t('passkey.cookies', { host: new URL(appUrl).host }),
  offline: t('passkey.offline'),
  busy: t('passkey.busy'),
  signedOut: t('passkey.signedOut'),
  failed: t('passkey.failed', { id: '{id}' }),
});
