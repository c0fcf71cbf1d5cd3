import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type MergeableClaim, mergeClaims } from './merge.ts';

const own = (key: string, value: string): MergeableClaim => ({ key, value, group: null });
const of = (group: string, key: string, value: string): MergeableClaim => ({ key, value, group });

const table: [name: string, claims: MergeableClaim[], merged: Record<string, string>][] = [
  ['nothing gives nothing', [], {}],
  ['a claim of the person wins over their groups', [of('a', 'quota', '5'), own('quota', '9')], { quota: '9' }],
  ['an array of the person replaces the arrays of the groups', [own('roles', '["x"]'), of('a', 'roles', '["y"]')], { roles: '["x"]' }],
  [
    'the group first in the alphabet wins, in whatever order they come',
    [of('beta', 'quota', '2'), of('Alpha', 'quota', '1')],
    { quota: '1' },
  ],
  ['the arrays of groups merge in alphabetical order', [of('b', 'roles', '["y","x"]'), of('a', 'roles', '["x"]')], { roles: '["x","y"]' }],
  ['equal objects in arrays are kept once', [of('b', 'r', '[{"n":1}]'), of('a', 'r', '[ {"n":1} ]')], { r: '[ {"n":1} ]' }],
  ['text after an array is not merged', [of('b', 'r', 'text'), of('a', 'r', '["x"]'), of('c', 'r', '["y"]')], { r: '["x","y"]' }],
  ['an array after text is not merged', [of('a', 'r', 'text'), of('b', 'r', '["y"]')], { r: 'text' }],
  ['what only looks like an array is text', [of('a', 'r', '[x'), of('b', 'r', '["y"]')], { r: '[x' }],
  ['different keys stand side by side', [of('a', 'x', '1'), own('y', '2')], { x: '1', y: '2' }],
];

for (const [name, claims, merged] of table) {
  test(`merging claims: ${name}`, () => {
    assert.deepEqual(mergeClaims(claims), merged);
    assert.deepEqual(mergeClaims([...claims].reverse()), merged);
  });
}

test('merging claims: a claim called __proto__ changes nothing but itself', () => {
  const merged = mergeClaims([own('__proto__', '{"isAdmin":true}')]);
  assert.deepEqual(Object.keys(merged), ['__proto__']);
  assert.equal(({} as Record<string, unknown>).isAdmin, undefined);
});
