package hosted

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/basekeeper/basekeeper/internal/image"
)

// delete deletes ref's digest, or its tag where it has one; what is gone is no
// error. refused tells of a refusal, or returns nothing for what is none.
func (a *api) delete(ctx context.Context, ref image.Reference, c call, refused func(answer) string) error {
	c.method = http.MethodDelete
	got, err := a.send(ctx, c)
	if err != nil {
		return err
	}
	return a.deleted(ctx, ref, got, refused)
}

// deleted says what an answer to a delete means.
func (a *api) deleted(ctx context.Context, ref image.Reference, got answer, refused func(answer) string) error {
	switch {
	case got.status >= 200 && got.status < 300:
		return nil
	case got.status == http.StatusNotFound:
		return a.gone(ctx, ref)
	}
	if why := refused(got); why != "" {
		return fmt.Errorf("%w: %s", image.ErrRefused, why)
	}
	return a.statusError(got)
}

// awaitGone waits a little for what a registry has promised to delete.
func (a *api) awaitGone(ctx context.Context, ref image.Reference) error {
	for n := range maxLooks {
		there, err := a.exists(ctx, ref)
		if err != nil || !there {
			return err
		}
		if err := a.opts.Sleep(ctx, backoff.Wait(n, 1)); err != nil {
			return err
		}
	}
	return fmt.Errorf("%s has promised to delete it, but it is still there; run again later", a.base.Host)
}

// maxLooks is how often awaitGone looks: for half a minute.
const maxLooks = 7

// gone checks by the OCI API that what is said not to be there is not: 404 is
// also the answer to credentials that may not see it.
func (a *api) gone(ctx context.Context, ref image.Reference) error {
	there, err := a.exists(ctx, ref)
	if err != nil || !there {
		return err
	}
	return fmt.Errorf("%w: %s does not know it, but it is there: the credentials may not see it, or the tag has moved; deleting needs %s",
		image.ErrRefused, a.base.Host, a.trait.Needs)
}

func (a *api) exists(ctx context.Context, ref image.Reference) (bool, error) {
	if ref.Tag == "" {
		return a.opts.OCI.Exists(ctx, ref)
	}
	_, err := a.opts.OCI.Resolve(ctx, ref.Tagged(ref.Tag))
	if errors.Is(err, image.ErrNotFound) {
		return false, nil
	}
	return err == nil, err
}

// ociDelete deletes a digest by the OCI API.
func (a *api) ociDelete(ctx context.Context, ref image.Reference) error {
	if err := a.checkDigest(ref); err != nil {
		return err
	}
	return a.opts.OCI.DeleteManifest(ctx, ref)
}
