import type { Ending, Finished, PatternStory } from './match-stories.ts';

/** What became of the matches of one pattern, for people. */
export function storyText(story: PatternStory): string {
  const { pattern, began, finished, open, endings, matches } = story;
  if (began === 0) return `\n${pattern}: no match began: no event met its first stage`;
  const head = `\n${pattern}: ${began} began, ${finished} came true, ${open} under way at the end`;
  const more = finished - matches.length;
  return [
    head,
    ...endings.toSorted((a, b) => b.count - a.count).flatMap(endingLines),
    ...matches.flatMap(matchLines),
    ...(more > 0 ? [`  and ${more} more came true`] : []),
  ].join('\n');
}

function endingLines({ after, at, why, count, examples }: Ending): readonly string[] {
  return [
    `  ${count} × after ${after.join(', ')}, waiting at ${at}: ${why}`,
    ...examples.map(({ key, began, ended }) => `      ${key}, ${began} to ${ended}`),
  ];
}

function matchLines({ key, complete, captured }: Finished): readonly string[] {
  return [
    `  came true at ${key}, ${complete}`,
    ...captured.map(({ stage, time, text }) => `      ${stage} ${time} ${text}`),
  ];
}
