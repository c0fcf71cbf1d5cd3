import { scopeList } from '../parameters.ts';
import { type CheckInput, refusal } from './check.ts';

export const PROMPTS = ['none', 'login', 'consent', 'select_account'] as const;
export type Prompt = (typeof PROMPTS)[number];

/** OpenID Connect Core section 3.1.2.1: `none` stands alone. An unknown prompt is refused, since it may ask for less than we would do. */
export function checkPrompt({ parameters }: Pick<CheckInput, 'parameters'>): { prompt: Prompt[] } {
  const prompt = scopeList(parameters.get('prompt'));
  if (prompt.some((value) => !(PROMPTS as readonly string[]).includes(value)))
    throw refusal('invalid_request', 'prompt has an unknown value', 'prompt-unknown');
  if (prompt.includes('none') && prompt.length > 1)
    throw refusal('invalid_request', 'prompt none cannot be combined', 'prompt-none-combined');
  return { prompt: prompt as Prompt[] };
}
