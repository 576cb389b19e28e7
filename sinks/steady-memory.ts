/**
 * Environment of a process through which blocks of megabytes go, for as long as it lives.
 *
 * After the first such block is freed, glibc takes the next ones from its heap, between small ones that stay (mallopt(3),
 * `M_MMAP_THRESHOLD` is dynamic unless set): the resident size of a worker under a steady load grew by 5 MB a minute.
 * With these, every block of a quarter of a megabyte goes back to the system when it is freed. Without glibc they mean nothing.
 */
export const STEADY_MEMORY = {
  MALLOC_MMAP_THRESHOLD_: '262144',
  MALLOC_ARENA_MAX: '2',
} as const;
