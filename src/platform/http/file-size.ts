import { AppError } from '../errors.ts';

const MIB = 1024 * 1024;
/** The most an uploaded file may have, in bytes. */
export const MAX_FILE_BYTES = 2 * MIB;
/** The same for people. */
export const MAX_FILE = `${MAX_FILE_BYTES / MIB} MiB`;

export const fileTooLarge = () => new AppError('file_too_large', { details: { max_size: MAX_FILE } });
