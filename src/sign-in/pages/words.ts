import type { Look, ScriptData } from './layout.ts';

/** Sentences `page.js` may need in a ceremony; `{id}` of the last resort is filled in there. */
export function ceremonyWords({ t, appUrl }: Look, make: boolean): ScriptData['words'] {
  const both = {
    unverified: t('passkey.unverified'),
    synced: t('passkey.synced'),
    unsuitable: t('passkey.unsuitable'),
    unsupported: t('passkey.unsupported'),
    insecure: t('passkey.insecure', { address: appUrl }),
    address: t('passkey.address', { address: appUrl }),
    expired: t('passkey.expired'),
    offline: t('passkey.offline'),
    busy: t('passkey.busy'),
    disabled: t('passkey.disabled'),
    signedOut: t('passkey.signedOut'),
    failed: t('passkey.failed', { id: '{id}' }),
  };
  return make
    ? {
        ...both,
        waiting: t('addPasskey.waiting'),
        done: t('addPasskey.done'),
        notCreated: t('passkey.notCreated'),
        exists: t('passkey.exists'),
      }
    : {
        ...both,
        waiting: t('signIn.waiting'),
        done: t('signIn.done'),
        cancelled: t('passkey.cancelled'),
        unknown: t('passkey.unknown'),
      };
}

/** What a form that is sent by script may need. */
export const formWords = ({ t }: Look): ScriptData['words'] => ({
  offline: t('passkey.offline'),
  busy: t('passkey.busy'),
  signedOut: t('passkey.signedOut'),
  failed: t('passkey.failed', { id: '{id}' }),
});
