import { createCipheriv, createDecipheriv, createHmac, hkdfSync, randomBytes } from 'node:crypto';

/** What stands in for a sealed text where it is not shown. Sent back, it leaves what is there as it is. */
export const MASK = 'XXXXXXXXXX';

/** Encryption at rest under keys derived from ENCRYPTION_KEY; every purpose has a key of its own, so a sealed value opens only where it belongs. */
export interface Seal {
  /** AES-256-GCM; the answer is `v1.` + base64url(nonce ‖ tag ‖ ciphertext). `purpose` is also authenticated. */
  seal(purpose: string, text: string): string;
  /** Throws when the key, the purpose or a byte differs. */
  open(purpose: string, sealed: string): string;
  /** 32 bytes for one purpose, for HMACs. */
  key(purpose: string): Buffer;
}

export function createSeal(encryptionKey: string): Seal {
  const keys = new Map<string, Buffer>();
  const key = (purpose: string) => {
    let derived = keys.get(purpose);
    if (!derived) {
      derived = Buffer.from(hkdfSync('sha256', encryptionKey, 'pocketid', purpose, 32));
      keys.set(purpose, derived);
    }
    return derived;
  };
  return {
    key,
    seal(purpose, text) {
      const nonce = randomBytes(12);
      const cipher = createCipheriv('aes-256-gcm', key(purpose), nonce).setAAD(Buffer.from(purpose));
      const body = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()]);
      return `v1.${Buffer.concat([nonce, cipher.getAuthTag(), body]).toString('base64url')}`;
    },
    open(purpose, sealed) {
      if (!sealed.startsWith('v1.')) throw new Error('not a sealed value');
      const bytes = Buffer.from(sealed.slice(3), 'base64url');
      const decipher = createDecipheriv('aes-256-gcm', key(purpose), bytes.subarray(0, 12), { authTagLength: 16 }).setAAD(
        Buffer.from(purpose),
      );
      decipher.setAuthTag(bytes.subarray(12, 28));
      return Buffer.concat([decipher.update(bytes.subarray(28)), decipher.final()]).toString('utf8');
    },
  };
}

/** HMAC-SHA256 under a key of its own, base64url: how values too short for a plain hash are stored. */
export const keyedHash = (seal: Seal, purpose: string) => (value: string) =>
  createHmac('sha256', seal.key(purpose)).update(value).digest('base64url');
