/** A Kafka topic name. */
export const TOPIC_NAME = /^(?!\.{1,2}$)[A-Za-z0-9._-]{1,249}$/;

const LONGEST_TOPIC = 249;
const LONGEST_PATTERN = 200;
/** Steps one match may take at worst; some tens of milliseconds. */
const STEP_BUDGET = 10_000_000;

/** The regular expression of a text such as `/^orders\..*\/`, matching whole topics only; or what is wrong with it. */
export function compileTopicPattern(text: string): RegExp | { readonly wrong: string } {
  const source = text.slice(1, -1);
  if (source === '') return { wrong: 'is an empty regular expression: write /.*/ for every topic' };
  if (source.length > LONGEST_PATTERN) return { wrong: `is a regular expression longer than ${LONGEST_PATTERN} characters: split it` };
  let compiled: RegExp;
  try {
    // Once alone: `a)(b` is valid only inside the parentheses.
    compiled = new RegExp(`^(?:${new RegExp(source).source})$`);
  } catch {
    return { wrong: 'is not a valid regular expression' };
  }
  const wrong = dangerOf(source);
  return wrong === undefined ? compiled : { wrong };
}

/** The text {@link compileTopicPattern} was given. */
export function topicPatternText(pattern: RegExp): string {
  return `/${pattern.source.slice('^(?:'.length, -')$'.length)}/`;
}

interface Group {
  branches: number;
  /** Holds a quantifier or an alternative, so repeating it can take exponential time. */
  varies: boolean;
}

/**
 * Refuses what can make a match slow: backreferences, repeated groups that hold a quantifier or an alternative, and more choices
 * in all than the budget. Conservative: it takes for granted that every part can match the same text.
 */
function dangerOf(source: string): string | undefined {
  const tokens = source.matchAll(/\\.|\[(?:\\.|[^\]\\])*\]|[*+?]\??|\{\d+(?:,\d*)?\}\??|\(\?(?:<?[=!]|:|<[^>]*>)|./gs);
  const stack: Group[] = [{ branches: 1, varies: false }];
  let closed: Group | undefined;
  let steps = 1;
  let repetitions = 0;
  for (const [token] of tokens) {
    const group = stack.at(-1) as Group;
    const kind = kindOf(token);
    if (kind === 'backreference') return 'uses a backreference, which can take exponential time: write the alternatives out';
    if (kind === 'repetition') {
      if (closed?.varies === true)
        return 'repeats a group that holds a repetition or an alternative, which can take exponential time: write it without one of them';
      steps *= LONGEST_TOPIC / ++repetitions;
    }
    if (kind === 'option') steps *= 2;
    if (kind === 'alternative') group.branches++;
    if (kind === 'repetition' || kind === 'option' || kind === 'alternative') group.varies = true;
    closed = undefined;
    if (kind === 'open') stack.push({ branches: 1, varies: false });
    if (kind === 'close') {
      closed = stack.pop() as Group;
      steps *= closed.branches;
      (stack.at(-1) as Group).varies ||= closed.varies;
    }
  }
  return steps > STEP_BUDGET
    ? 'leaves too many ways to match: use at most three repetitions and few optional parts and alternatives, or list the topics'
    : undefined;
}

function kindOf(token: string): 'backreference' | 'repetition' | 'option' | 'alternative' | 'open' | 'close' | 'atom' {
  if (/^\\[1-9k]$/.test(token)) return 'backreference';
  if (/^(?:[*+]\??|\{\d.*)$/.test(token)) return 'repetition';
  if (/^\?\??$/.test(token)) return 'option';
  if (token === '|') return 'alternative';
  if (token === ')') return 'close';
  return token.startsWith('(') ? 'open' : 'atom';
}
