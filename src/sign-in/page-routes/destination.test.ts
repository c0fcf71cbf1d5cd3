import assert from 'node:assert/strict';
import { test } from 'node:test';
import { destinationOf, homeOf, localPath, onwardPath } from './destination.ts';

const ELSEWHERE = [
  '//evil.example',
  '/\\evil.example',
  '\\/evil.example',
  '\\\\evil.example',
  '///evil.example',
  '/..//evil.example',
  '/.//evil.example',
  '/a/../..//evil.example',
  '/%2e%2e//evil.example',
  'https:evil.example',
  'https://evil.example',
  '@evil.example',
  '.evil.example',
  'javascript:alert(1)',
  '/\t/evil.example',
  '/ok\r\nLocation: https://evil.example',
  '/ok\u0000',
  '/ /evil.example',
  '',
  `/${'a'.repeat(2001)}`,
];

test('SEC-128 a redirect parameter never leaves our origin', () => {
  for (const text of ELSEWHERE) assert.equal(localPath(text), undefined, JSON.stringify(text));
  for (const text of ['/%09/evil.example', '/@evil.example', '/account?x=//evil.example#y', '/a/../account']) {
    const path = localPath(text);
    assert.ok(path, text);
    assert.equal(new URL(path, 'https://auth.example.test').origin, 'https://auth.example.test', text);
  }
});

test('a destination that is none of ours ends at home', () => {
  assert.equal(onwardPath(destinationOf({ redirect: '//evil.example', interaction: '../x' }), '/home'), '/home');
  assert.equal(onwardPath(destinationOf({ redirect: ['/a'], interaction: {} }), '/home'), '/home');
  assert.equal(onwardPath(destinationOf({ redirect: '/authorize?a=b' }), '/home'), '/authorize?a=b');
  assert.equal(onwardPath(destinationOf({ interaction: 'abc-1', redirect: '/account' }), '/home'), '/interaction?interaction=abc-1');
});

for (const [setting, page] of Object.entries({
  '/settings/account': '/account',
  '/settings/apps': '/account',
  '/account?x=1': '/account?x=1',
  '/login?redirect=%2Flogin': '/account',
  '/': '/account',
  'https://home.example.com/': 'https://home.example.com/',
}))
  test(`the home page ${setting} is ${page}`, () => assert.equal(homeOf(setting), page));
