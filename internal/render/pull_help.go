package render

import (
	"fmt"
	"slices"
	"strings"
)

// writeHelp writes, folded, what a reviewer can do. Commands and configuration
// name only what is a reference by the registries' own grammar.
func writeHelp(b *strings.Builder, r Request) {
	var images, asked, old, after []string
	for _, c := range r.Changes {
		ref := c.Ref()
		if !knownReference(ref.String()) {
			continue
		}
		images = appendNew(images, fmt.Sprintf("  - images: [%q]\n    ignore: true", ref.Familiar()))
		asked = appendNew(asked, "crane digest "+ref.String(), "docker buildx imagetools inspect "+ref.String())
		if knownDigest(c.From) {
			old = appendNew(old, ref.Pinned(c.From).String())
		}
		if knownDigest(c.To) {
			after = appendNew(after, ref.Pinned(c.To).String())
		}
	}
	b.WriteString("<details><summary>Decline it, leave the image alone, verify, roll back</summary>\n\n")
	b.WriteString("**Decline**: close it. This change is not proposed again, the next digest is.\n\n")
	b.WriteString("**Leave the image alone**: write `# basekeeper: ignore` on the line above its use, or this into `.basekeeper.yaml`:\n\n")
	fenced(b, "yaml", "policies:", images, "  # and %d more")
	b.WriteString("**Verify** what the tag points at:\n\n")
	fenced(b, "sh", "", asked, "# and %d more")
	b.WriteString("**Roll back**: revert the merge, or write the old reference again")
	if len(old) == 0 {
		b.WriteString("; there was no digest before.\n\n")
	} else {
		b.WriteString(":\n\n")
		fenced(b, "text", "", old, "and %d more")
	}
	b.WriteString("**New references in full**:\n\n")
	fenced(b, "text", "", after, "and %d more")
	b.WriteString("</details>\n\n")
}

// fenced writes a block of code. Its lines hold no backticks.
func fenced(b *strings.Builder, language, head string, all []string, more string) {
	b.WriteString("```" + language + "\n")
	if head != "" {
		b.WriteString(head + "\n")
	}
	lines(b, mostRefs, all, more)
	b.WriteString("```\n\n")
}

func appendNew(all []string, more ...string) []string {
	for _, s := range more {
		if !slices.Contains(all, s) {
			all = append(all, s)
		}
	}
	return all
}
