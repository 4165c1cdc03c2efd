package dockerfile

import (
	"strings"
	"unicode"

	"github.com/moby/buildkit/frontend/dockerfile/parser"
)

func trimLeft(s string) string  { return strings.TrimLeftFunc(s, unicode.IsSpace) }
func trimRight(s string) string { return strings.TrimRightFunc(s, unicode.IsSpace) }

// arguments returns the instruction's text behind its keyword.
func arguments(line fragment) fragment {
	line = line.trim()
	i := strings.IndexFunc(line.text, unicode.IsSpace)
	if i < 0 {
		return fragment{}
	}
	return line.slice(i, len(line.text)).trim()
}

// values lists the words that the parser made of an instruction.
func values(node *parser.Node) []string {
	var words []string
	for n := node.Next; n != nil; n = n.Next {
		words = append(words, n.Value)
	}
	return words
}

// firstOf finds the first of words, which stand at the end of args with white
// space between them, as in FROM [flags] base [AS name].
func firstOf(args fragment, words []string) fragment {
	end := len(args.text)
	for i := len(words) - 1; i >= 0; i-- {
		end = len(trimRight(args.text[:end]))
		if !strings.HasSuffix(args.text[:end], words[i]) {
			return unplaced(words[0])
		}
		end -= len(words[i])
	}
	return args.slice(end, end+len(words[0]))
}

// each finds words, which stand one behind the other in args, as in ARG a=1 b=2.
func each(args fragment, words []string) []fragment {
	found := make([]fragment, len(words))
	pos := 0
	for i, word := range words {
		pos = len(args.text) - len(trimLeft(args.text[pos:]))
		if !strings.HasPrefix(args.text[pos:], word) {
			for ; i < len(words); i++ {
				found[i] = unplaced(words[i])
			}
			break
		}
		found[i] = args.slice(pos, pos+len(word))
		pos += len(word)
	}
	return found
}

// flagWords cuts an instruction's --flags from its arguments, quotes and escape
// characters taken out, as BuildKit's parser does. Where the result is not the
// parser's, the places are unknown.
func flagWords(args fragment, escape byte, want []string) []fragment {
	got := cutFlags(args, escape)
	flags := make([]fragment, len(want))
	for i, word := range want {
		if i < len(got) && got[i].text == word {
			flags[i] = got[i]
		} else {
			flags[i] = unplaced(word)
		}
	}
	return flags
}

func cutFlags(args fragment, escape byte) []fragment {
	var flags []fragment
	for pos := 0; ; {
		pos = len(args.text) - len(trimLeft(args.text[pos:]))
		if !strings.HasPrefix(args.text[pos:], "--") {
			return flags
		}
		var flag fragment
		flag, pos = cutFlag(args, pos, escape)
		if flag.text == "--" {
			return flags
		}
		flags = append(flags, flag)
	}
}

// cutFlag reads one flag from pos and returns it with the offset behind it.
func cutFlag(args fragment, pos int, escape byte) (fragment, int) {
	var flag fragment
	quote := byte(0)
	for ; pos < len(args.text); pos++ {
		c := args.text[pos]
		switch {
		case quote == 0 && unicode.IsSpace(rune(c)):
			return flag, pos
		case quote == 0 && (c == '\'' || c == '"'):
			quote = c
			continue
		case quote != 0 && c == quote:
			quote = 0
			continue
		case c == escape:
			if pos+1 == len(args.text) {
				continue
			}
			pos++
			c = args.text[pos]
		}
		// The parser takes each byte for a rune of its own.
		encoded := string(rune(c))
		flag.text += encoded
		for range len(encoded) {
			flag.offs = append(flag.offs, args.offs[pos])
		}
	}
	return flag, pos
}

// flagValue returns the value of the flag --name.
func flagValue(flag fragment, name string) (fragment, bool) {
	prefix := "--" + name + "="
	if !strings.HasPrefix(flag.text, prefix) {
		return fragment{}, false
	}
	return flag.slice(len(prefix), len(flag.text)), true
}

// mountFlags returns the values of the --mount flags.
func mountFlags(line fragment, escape byte, flags []string) []fragment {
	var mounts []fragment
	for _, flag := range flagWords(arguments(line), escape, flags) {
		if value, ok := flagValue(flag, "mount"); ok {
			mounts = append(mounts, value)
		}
	}
	return mounts
}

// mountFrom finds the value of from= in the value of a --mount flag; the last
// one counts.
func mountFrom(mount fragment, want string) fragment {
	lower := strings.ToLower(mount.text)
	for end := len(lower); ; {
		i := strings.LastIndex(lower[:end], "from=")
		if i < 0 {
			return unplaced(want)
		}
		value := i + len("from=")
		if (i == 0 || lower[i-1] == ',' || lower[i-1] == '"') && strings.HasPrefix(mount.text[value:], want) {
			return mount.slice(value, value+len(want))
		}
		end = i
	}
}

// mountTarget finds where a --mount flag mounts; only messages need it.
func mountTarget(mount fragment) string {
	for field := range strings.SplitSeq(mount.text, ",") {
		key, value, _ := strings.Cut(field, "=")
		switch strings.ToLower(key) {
		case "target", "dst", "destination":
			return value
		}
	}
	return ""
}
