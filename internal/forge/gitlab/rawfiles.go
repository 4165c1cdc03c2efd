package gitlab

import (
	"context"
	"errors"
	"fmt"
	"io/fs"

	rest "github.com/xanzy/go-gitlab"

	"github.com/basekeeper/basekeeper/internal/forge"
)

type rawFile struct {
	group int
	blob  string // empty where it is to be read by its path
}

func (r *fileReader) later(g int, blob string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.raw = append(r.raw, rawFile{g, blob})
}

// readRaw reads by REST what is left.
func (r *fileReader) readRaw(ctx context.Context) error {
	one := func(ctx context.Context, i int) error {
		w := r.wanted[r.groups[r.raw[i].group][0]]
		content, err := r.client.raw(ctx, w, r.raw[i].blob)
		if err == nil {
			r.give(r.raw[i].group, content, forge.BlobID(content))
		}
		return err
	}
	return r.client.each(ctx, len(r.raw), question{
		cost:   func(int) int { return maxComplexity }, // one to a request
		ask:    func(ctx context.Context, items []int) error { return one(ctx, items[0]) },
		failed: func(i int, err error) { r.fail(r.raw[i].group, err) },
	})
}

// raw returns a file's bytes, by its blob's id, else by its path.
func (c *Client) raw(ctx context.Context, w forge.Wanted, blob string) ([]byte, error) {
	id, err := project(w.Repository)
	if err != nil {
		return nil, err
	}
	var content []byte
	var resp *rest.Response
	if blob != "" {
		if err := checkID(blob); err != nil {
			return nil, err
		}
		content, resp, err = c.rest.Repositories.RawBlobContent(id, blob, reading(ctx))
	} else {
		content, resp, err = c.rest.RepositoryFiles.GetRawFile(id, w.Path, &rest.GetRawFileOptions{Ref: &w.Commit}, reading(ctx))
	}
	switch {
	case errors.Is(err, rest.ErrNotFound) && !isMissing(resp, "project"):
		return nil, fs.ErrNotExist
	case err != nil:
		return nil, c.restError(resp, err)
	case len(content) > maxFile:
		return nil, tooLarge(int64(len(content)))
	}
	if got := forge.BlobID(content); blob != "" && got != blob {
		return nil, fmt.Errorf("GitLab gives a content of %s for %s", got, blob)
	}
	return content, nil
}
