import { AppError } from '#platform/errors.ts';
import { line } from '#platform/text.ts';
import { SignUp } from '../../sign-up/contract.ts';
import type { MessageKey } from '../pages/messages.ts';
import { SET_UP_FIELDS, type SetUpField } from '../pages/set-up.ts';

/** The sentence for each field of a new account that can't stay as it is. */
export type Mistakes = Partial<Record<SetUpField, MessageKey>>;

/** Who fills in a form, unlike a program, says what to call them: the pages greet people by their first name. */
export const AccountForm = SignUp.extend({ firstName: line({ min: 1, max: 50 }) });

/** What was typed into the form of a new account. */
export const typed = (form: Record<string, unknown>): Record<SetUpField, string> =>
  Object.fromEntries(SET_UP_FIELDS.map((field) => [field, String(form[field] ?? '').trim()])) as Record<SetUpField, string>;

const marked = (names: readonly unknown[], sentence: (field: SetUpField) => MessageKey): Mistakes =>
  Object.fromEntries(SET_UP_FIELDS.filter((field) => names.includes(field)).map((field) => [field, sentence(field)]));

/** Fields that don't have the shape they should, from the schema's issues. */
export const unreadable = (issues: readonly { path: readonly PropertyKey[] }[]): Mistakes =>
  marked(
    issues.map(({ path }) => path[0]),
    (field) => `setup.error.${field}`,
  );

/** Fields that the service refused; undefined when it refused something else. */
export function mistakesOf(cause: unknown): Mistakes | undefined {
  if (!(cause instanceof AppError)) return undefined;
  const { fields = [], details = {} } = cause.extra;
  if (cause.code === 'already_in_use') return marked([details.property], (field) => (field === 'email' ? TAKEN.email : TAKEN.username));
  if (cause.code !== 'validation_failed') return undefined;
  const missing = fields.some(({ field, code }) => field === 'email' && code === 'required');
  const wrong = marked(
    fields.map(({ field }) => field),
    (field) => `setup.error.${field}`,
  );
  return missing ? { ...wrong, email: 'signUp.error.email.missing' } : wrong;
}

const TAKEN = { username: 'signUp.error.username.taken', email: 'signUp.error.email.taken' } as const;
