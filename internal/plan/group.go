package plan

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/basekeeper/basekeeper/internal/image"
)

// place is text of a file that an edit would change.
type place struct {
	repository, branch, path string
	start                    int
}

func (v verdict) place() place {
	start := v.occurrence.Use.Digest.Start
	if v.occurrence.Use.Ref.Digest == "" {
		start = v.occurrence.Use.PinAt
	}
	return place{v.occurrence.Repository, v.occurrence.Branch, v.occurrence.Path, start}
}

// share holds back the uses of one text that do not all want the same digest:
// an ARG that serves two FROM lines is edited for both or for none.
func share(verdicts []verdict) {
	byPlace := map[place][]int{}
	for i, v := range verdicts {
		use := v.occurrence.Use
		if (use.Ref.Digest != "" && !use.Digest.Empty()) || (use.Ref.Digest == "" && use.PinAt > 0) {
			byPlace[v.place()] = append(byPlace[v.place()], i)
		}
	}
	for _, group := range byPlace {
		odd := slices.IndexFunc(group, func(i int) bool { return verdicts[i].to != verdicts[group[0]].to })
		if odd < 0 {
			continue
		}
		why := "the same text serves other references that do not want the same digest"
		for _, i := range group {
			if h := verdicts[i].hold; h != nil {
				why = fmt.Sprintf("the same text serves another reference, which is held: %s", h.Reason)
			}
		}
		for _, i := range group {
			if verdicts[i].to != "" {
				verdicts[i] = verdicts[i].held(Shared, why)
			}
		}
	}
}

// bumps groups the moves by repository, image, tag and digests, in the order
// of the occurrences.
func bumps(verdicts []verdict) []Bump {
	type key struct {
		repository, branch string
		ref                image.Reference
		from, to           image.Digest
	}
	index := map[key]int{}
	all := []Bump{}
	for _, v := range verdicts {
		if v.to == "" || v.hold != nil {
			continue
		}
		k := key{v.occurrence.Repository, v.occurrence.Branch, v.ref, v.occurrence.Use.Ref.Digest, v.to}
		i, ok := index[k]
		if !ok {
			i = len(all)
			index[k] = i
			all = append(all, Bump{
				Repository: k.repository, Branch: k.branch, Image: v.ref.Name(), Tag: v.ref.Tag,
				From: k.from, To: k.to, Gone: v.gone, Note: v.note,
			})
		}
		if e := v.edit(); !slices.Contains(all[i].Edits, e) {
			all[i].Edits = append(all[i].Edits, e)
		}
	}
	return all
}

// edit is the change of the file's text.
func (v verdict) edit() Edit {
	use := v.occurrence.Use
	e := Edit{Path: v.occurrence.Path, BlobID: v.occurrence.Blob, Mode: v.occurrence.Mode, Line: use.Line}
	if use.Ref.Digest == "" {
		e.Start, e.End, e.New = use.PinAt, use.PinAt, "@"+string(v.to)
		if use.Ref.Tag == "" { // or nothing would say what the digest follows
			e.New = ":" + v.ref.Tag + e.New
		}
		return e
	}
	e.Start, e.End = use.Digest.Start, use.Digest.End
	e.Old, e.New = string(use.Ref.Digest), string(v.to)
	if e.End-e.Start == len(use.Ref.Digest.Encoded()) {
		e.Old, e.New = use.Ref.Digest.Encoded(), v.to.Encoded()
	}
	return e
}

// goneFirst puts what breaks builds now before everything else.
func goneFirst(p Plan) {
	first := func(a, b bool) int {
		switch {
		case a == b:
			return 0
		case a:
			return -1
		}
		return 1
	}
	slices.SortStableFunc(p.Bumps, func(a, b Bump) int {
		return cmp.Or(first(a.Gone, b.Gone), cmp.Compare(a.Repository, b.Repository), cmp.Compare(a.Branch, b.Branch))
	})
	slices.SortStableFunc(p.Holds, func(a, b Hold) int { return first(a.Gone, b.Gone) })
}

// Part is what a plan does to one repository.
type Part struct {
	Repository string
	Files      []FileEdits // in the order of the plan
}

// FileEdits is what a plan does to one file.
type FileEdits struct {
	Path   string
	BlobID string
	Mode   string // git's, where it is not 100644
	Edits  []Edit
}

// ByRepository returns the plan's edits by repository and file, each file once
// though several bumps touch it.
func (p Plan) ByRepository() []Part {
	var parts []Part
	for _, b := range p.Bumps {
		i := slices.IndexFunc(parts, func(part Part) bool { return part.Repository == b.Repository })
		if i < 0 {
			i = len(parts)
			parts = append(parts, Part{Repository: b.Repository})
		}
		for _, e := range b.Edits {
			parts[i].add(e)
		}
	}
	return parts
}

// Edits returns those of some of the plan's bumps by file, each file once.
func (p Plan) Edits(bumps []int) []FileEdits {
	var part Part
	for _, i := range bumps {
		for _, e := range p.Bumps[i].Edits {
			part.add(e)
		}
	}
	return part.Files
}

func (p *Part) add(e Edit) {
	i := slices.IndexFunc(p.Files, func(f FileEdits) bool { return f.Path == e.Path })
	if i < 0 {
		i = len(p.Files)
		p.Files = append(p.Files, FileEdits{Path: e.Path, BlobID: e.BlobID, Mode: e.Mode})
	}
	p.Files[i].Edits = append(p.Files[i].Edits, e)
}
