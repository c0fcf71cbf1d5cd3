import { type CheckInput, refusal } from './check.ts';

export const RESPONSE_MODES = ['query', 'fragment', 'form_post'] as const;
/** How the answer travels: OAuth 2.0 Multiple Response Types section 2.1, Form Post Response Mode. */
export type ResponseMode = (typeof RESPONSE_MODES)[number];

const isMode = (text: string): text is ResponseMode => (RESPONSE_MODES as readonly string[]).includes(text);

/** The mode to answer in, also to a request that is refused: `query`, what a code is sent by, when the one asked for is unknown. */
export const answerMode = (asked: string | undefined): ResponseMode => (asked !== undefined && isMode(asked) ? asked : 'query');

export function checkResponseMode({ parameters }: Pick<CheckInput, 'parameters'>): { responseMode: ResponseMode } {
  const mode = parameters.get('response_mode') ?? 'query';
  if (!isMode(mode)) throw refusal('invalid_request', 'response_mode must be query, fragment or form_post', 'response-mode');
  return { responseMode: mode };
}
