import { scopeList } from '../parameters.ts';
import type { CheckInput } from './check.ts';

export interface Hints {
  state?: string;
  nonce?: string;
  loginHint?: string;
  uiLocales: string[];
  acrValues: string[];
}

/**
 * OpenID Connect Core section 3.1.2.1: parameters that are taken as they come and refuse nothing. `display`, `claims_locales` and
 * unknown parameters are not looked at at all.
 */
export const readHints = ({ parameters }: Pick<CheckInput, 'parameters'>): Hints => ({
  state: parameters.get('state'),
  nonce: parameters.get('nonce'),
  loginHint: parameters.get('login_hint')?.slice(0, 256),
  uiLocales: scopeList(parameters.get('ui_locales'))
    .filter((tag) => /^[a-z]{2,8}(?:-[a-z0-9]{1,8})*$/i.test(tag))
    .slice(0, 10),
  acrValues: scopeList(parameters.get('acr_values')).slice(0, 10),
});
