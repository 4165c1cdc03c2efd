package oracletest

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/basekeeper/basekeeper/internal/dockerfile"
	"github.com/basekeeper/basekeeper/internal/image"
)

// maxFuzzed bounds the input: longer files say nothing that shorter ones do not.
const maxFuzzed = 64 << 10

// FuzzOracle holds dockerfile.Parse against BuildKit for arbitrary bytes.
func FuzzOracle(f *testing.F) {
	for _, src := range readCorpus(f) {
		f.Add(src)
	}
	f.Fuzz(func(t *testing.T, src []byte) {
		if len(src) > maxFuzzed {
			return
		}
		if difference := compare(src); difference != "" {
			t.Errorf("%s\n%q", difference, src)
		}
	})
}

// compare returns in what Parse and BuildKit differ over src, empty if in
// nothing. It is more lenient than TestOracle where BuildKit refuses a file:
// any problem will do, and none is wanted for what BuildKit finds only when it
// converts instructions that name no image, or in the child of an ONBUILD.
func compare(src []byte) string {
	asked, parsed := Ask(src), dockerfile.Parse(src)
	switch {
	case asked.Err != nil && len(parsed.Problems) > 0:
		return ""
	case asked.Err != nil && needsBuildArgument(asked.Err, parsed.Uses):
		return ""
	case asked.Err != nil && !asked.Late:
		return fmt.Sprintf("BuildKit refuses: %v\nParse has no problem", asked.Err)
	case len(parsed.Problems) > 0 && len(asked.Triggers) == 0:
		return fmt.Sprintf("BuildKit asks for %q\nParse has a problem: %v", asked.Images, parsed.Problems)
	case len(parsed.Problems) > 0:
		return ""
	}
	if got := named(parsed.Uses, nil); !slices.Equal(asked.Images, got) {
		return fmt.Sprintf("BuildKit asks for %q\nParse finds      %q", asked.Images, got)
	}
	return compareEdited(src, parsed.Uses)
}

// compareEdited moves every editable use.
func compareEdited(src []byte, uses []dockerfile.Use) string {
	edited, err := dockerfile.Replace(src, edits(src, uses, anyNext))
	if err != nil {
		return fmt.Sprintf("edit: %v", err)
	}
	want := named(uses, anyNext)
	if asked := Ask(edited); !slices.Equal(want, asked.Images) {
		return fmt.Sprintf("after the edit BuildKit asks for %q (%v)\nwant %q\nedited: %q", asked.Images, asked.Err, want, edited)
	}
	return ""
}

// anyNext gives each image and tag a digest of its own, of the algorithm that
// the old one has.
func anyNext(ref image.Reference) (image.Digest, bool) {
	old := ref.Digest
	hex := image.FromBytes([]byte(ref.Tagged(ref.Tag).String())).Encoded()
	hex = strings.Repeat(hex, 2)[:len(old.Encoded())]
	return image.Digest(old.Algorithm() + ":" + hex), true
}
