// A code block's language, from the class names that highlighters use; only names of languages that nothing runs.

/** Names as fences carry them. Others are dropped: some note programs execute blocks by their name (`dataviewjs`). */
const KNOWN = new Set(
  (
    'ada apl asm awk bash basic bat batch bibtex brainfuck c clojure cmake cobol coffeescript console cpp crystal cs csharp css csv ' +
    'cuda cython d dart diff docker dockerfile dot elixir elm erlang excel fish fortran fsharp gdscript gherkin git glsl go ' +
    'gradle graphql groovy haml handlebars haskell haxe hcl hlsl html http ini java javascript jinja js json json5 jsonc jsx ' +
    'julia kotlin latex less lisp llvm lua makefile markdown matlab md nginx nim nix objc objectivec ocaml octave pascal patch ' +
    'perl php plaintext plsql postgresql powershell prolog properties proto protobuf ps1 puppet py python r racket raku rb re ' +
    'regex rs rst ruby rust sass scala scheme scss sh shell shell-session smalltalk solidity sparql sql sqlite stylus svelte ' +
    'swift systemverilog tcl terraform tex text toml ts tsx twig txt typescript vala vb vbnet verilog vhdl vim vue wasm wgsl xml ' +
    'xquery yaml yml zig zsh'
  ).split(' '),
)

const ALIASES: Record<string, string> = { 'c++': 'cpp', 'c#': 'csharp', 'f#': 'fsharp', golang: 'go', node: 'js' }

const CLASS =
  /(?:^|\s)(?:lang(?:uage)?-|highlight-(?:source-|text-)?|brush:\s*|sourceCode\s+|hljs\s+)([a-z0-9+#-]{1,30})/i

/** The language that `className` or a `data-lang` names; '' when none that is known. */
export function language(className: string, named: string): string {
  const name = (CLASS.exec(className)?.[1] ?? named).trim().toLowerCase()
  const known = ALIASES[name] ?? name.replace(/-(?:basic|repl)$/, '')
  return KNOWN.has(known) ? known : ''
}
