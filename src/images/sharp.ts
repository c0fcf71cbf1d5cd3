/**
 * The image library, loaded when the first image comes: most installations open one a month, and its memory is a third of the program's. One
 * thread for each image and no cache of opened ones, for the same reason.
 */
export const imageLibrary = async () => {
  const { default: sharp } = await import('sharp');
  sharp.concurrency(1);
  sharp.cache(false);
  return sharp;
};
