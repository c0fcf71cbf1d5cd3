import type { ZodType, z } from 'zod';
import { AppError } from '../errors.ts';
import type { Asked } from './cross-site.ts';
import { validationFailed } from './errors.ts';
import { nulIn } from './nul.ts';

/** What a contract made of a part of a request; throws `validation_failed` when it does not hold, or a NUL is in it. */
export function accepted<T>(result: { success: true; data: T } | { success: false; error: Pick<z.core.$ZodError, 'issues'> }): T {
  if (!result.success) throw validationFailed(result.error.issues);
  const nul = nulIn(result.data);
  if (nul) throw validationFailed([{ code: 'invalid_format', format: 'regex', path: [...nul], message: '', input: undefined }]);
  return result.data;
}

/** The types that the routes of the application read as JSON: fewer than the front door lets in. */
const READ = /^application\/(?:[a-z.-]+\+)?json(?:;\s*[a-z\d-]+=[^;]+)*$/i;

function parsed({ header, body }: Pick<Asked, 'header'> & { body: string }): unknown {
  const type = header('content-type');
  // Nothing was sent: the front door refuses a body without a type.
  if (type === undefined) return {};
  if (!READ.test(type)) throw new AppError('invalid_request_body');
  try {
    // RFC 8259 section 8.1: a mark of the byte order may be passed over.
    return JSON.parse(body.charCodeAt(0) === 0xfeff ? body.slice(1) : body);
  } catch (cause) {
    throw new AppError('invalid_request_body', { cause });
  }
}

/**
 * The JSON body of a request that goes around the application, read and refused as the application does it. The schema must have no check that
 * waits.
 */
export const readJson = <S extends ZodType>(call: Parameters<typeof parsed>[0], schema: S): z.output<S> =>
  accepted(schema.safeParse(parsed(call)));
