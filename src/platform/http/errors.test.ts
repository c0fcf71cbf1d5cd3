import assert from 'node:assert/strict';
import { test } from 'node:test';
import { z } from 'zod';
import { spoken } from '../spoken.ts';
import { oneOf } from './contract.ts';
import { fieldErrors } from './errors.ts';

const Body = z.object({
  firstName: z.string().min(1).max(3),
  tags: z.array(z.string()).optional(),
  ttl: z.union([z.number(), z.string()]),
});
const Step = z.object({ step: oneOf(['first', 'second']) });
const told = (input: object) =>
  fieldErrors(Body.safeParse(Array.isArray(input) ? input : { ttl: 1, ...input }).error?.issues ?? []).map(({ field, code, message }) => [
    field,
    code,
    message,
  ]);

for (const [what, input, expected] of [
  ['absent', {}, ['firstName', 'required', 'First name is required']],
  ['null', { firstName: null }, ['firstName', 'required', 'First name is required']],
  ['empty', { firstName: '' }, ['firstName', 'required', 'First name is required']],
  ['a number', { firstName: 5 }, ['firstName', 'invalid_format', 'First name is not valid']],
  ['a list', { firstName: ['Ann'] }, ['firstName', 'invalid_format', 'First name is not valid']],
  ['too long', { firstName: 'Anna' }, ['firstName', 'too_long', 'First name must be at most 3 characters long']],
  ['a wrong member of a list', { firstName: 'Ann', tags: ['x', 5] }, ['tags[1]', 'invalid_format', 'Tag 2 is not valid']],
  ['of two types and null', { firstName: 'Ann', ttl: null }, ['ttl', 'required', 'TTL is required']],
  ['of two types and neither', { firstName: 'Ann', ttl: {} }, ['ttl', 'invalid_format', 'TTL is not valid']],
  ['no object at all', [], ['body', 'invalid_format', 'Body is not valid']],
] as const)
  test(`a field that is ${what} is told as ${expected[1]}`, () => assert.deepEqual(told(input), [expected]));

test('a word that has to be one of some is told as missing or as wrong', () => {
  const told = [{}, { step: null }, { step: '' }, { step: 5 }, { step: 'third' }].map((input) =>
    fieldErrors(Step.safeParse(input).error?.issues ?? []).map(({ code, message }) => [code, message]),
  );
  const missing = [['required', 'Step is required']];
  const wrong = [['invalid_format', 'Step is not valid']];
  assert.deepEqual(told, [missing, missing, wrong, wrong, wrong]);
});

test('a field that breaks two rules is told once, by the first of them', () => {
  const Two = z.object({
    id: z
      .string()
      .min(2)
      .regex(/^[a-z]+$/),
    name: z.string().min(2),
  });
  const issues = Two.safeParse({ id: '7', name: 'x' }).error?.issues ?? [];
  assert.equal(issues.length, 3);
  assert.deepEqual(
    fieldErrors(issues).map(({ field, code }) => [field, code]),
    [
      ['id', 'too_short'],
      ['name', 'too_short'],
    ],
  );
});

for (const [field, expected] of [
  ['displayName', 'Display name'],
  ['ttl', 'TTL'],
  ['userGroupIds', 'User group IDs'],
  ['oidcClientId', 'OIDC client ID'],
  ['homePageUrl', 'Home page URL'],
  ['callbackURLs[0]', 'Callback URL 1'],
  ['permissions[1].key', 'Key of permission 2'],
  ['credentials.federatedIdentities[0].issuer', 'Issuer of federated identity 1'],
  ['[2].value', 'Value of entry 3'],
  ['claimsMapping.rename.email', 'Email of rename'],
] as const)
  test(`a sentence about ${field} begins with "${expected}"`, () => assert.equal(spoken(field), expected));
