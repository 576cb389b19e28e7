/** Of every account that tests make. A file of its own: pictures are taken without the test runner. */
export const PASSWORD = 'correct horse battery';
