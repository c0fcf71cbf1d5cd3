import assert from 'node:assert/strict';
import { test } from 'node:test';
import { z } from 'zod';
import { fieldErrors } from './errors.ts';

const Body = z.object({ firstName: z.string().min(1).max(3), tags: z.array(z.string()).optional() });
const told = (input: unknown) =>
  fieldErrors(Body.safeParse(input).error?.issues ?? []).map(({ field, code, message }) => [field, code, message]);

for (const [what, input, expected] of [
  ['absent', {}, ['firstName', 'required', 'First name is required']],
  ['null', { firstName: null }, ['firstName', 'required', 'First name is required']],
  ['empty', { firstName: '' }, ['firstName', 'required', 'First name is required']],
  ['a number', { firstName: 5 }, ['firstName', 'invalid_format', 'First name is not valid']],
  ['a list', { firstName: ['Ann'] }, ['firstName', 'invalid_format', 'First name is not valid']],
  ['too long', { firstName: 'Anna' }, ['firstName', 'too_long', 'First name must be at most 3 characters long']],
  ['a wrong member of a list', { firstName: 'Ann', tags: ['x', 5] }, ['tags[1]', 'invalid_format', 'Tags 1 is not valid']],
  ['no object at all', [], ['body', 'invalid_format', 'Body is not valid']],
] as const)
  test(`a field that is ${what} is told as ${expected[1]}`, () => assert.deepEqual(told(input), [expected]));
