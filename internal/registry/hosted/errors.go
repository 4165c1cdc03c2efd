package hosted

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"regexp"

	"github.com/basekeeper/basekeeper/internal/attempt"
	"github.com/basekeeper/basekeeper/internal/image"
)

// describe makes an error of what went wrong on the way to an answer. The
// libraries' errors hold URLs, so only known ones are repeated.
func (a *api) describe(ctx context.Context, err error) error {
	if ended := ctx.Err(); ended != nil {
		return fmt.Errorf("ask %s: %w", a.base.Host, ended)
	}
	var (
		busy        *busyError
		slow        *attempt.SlowError
		large       *attempt.LargeError
		certificate *tls.CertificateVerificationError
		op          *net.OpError
	)
	switch {
	case errors.As(err, &busy):
		return busy
	case errors.As(err, &slow):
		return fmt.Errorf("ask %s: %w", a.base.Host, slow)
	case errors.As(err, &large):
		return fmt.Errorf("ask %s: %w", a.base.Host, large)
	case errors.As(err, &certificate):
		return fmt.Errorf("ask %s: %w", a.base.Host, certificate)
	case errors.As(err, &op):
		return fmt.Errorf("ask %s: %w; check the name and the network, or run again later", a.base.Host, op)
	case errors.Is(err, errElsewhere):
		return fmt.Errorf("ask %s: %w", a.base.Host, errElsewhere)
	}
	return fmt.Errorf("ask %s: the connection broke, or the answer is malformed", a.base.Host)
}

// statusError makes an error of an answer that is not the one hoped for. What
// the answer says is the registry's, and is not repeated.
func (a *api) statusError(got answer) error {
	host := a.base.Host
	switch got.status {
	case http.StatusNotFound:
		return fmt.Errorf("%w: %s answers HTTP 404: there is no such repository, or the credentials may not see it; listing and deleting need %s",
			image.ErrNotFound, host, a.trait.Needs)
	case http.StatusUnauthorized, http.StatusForbidden:
		return fmt.Errorf("%w: %s answers HTTP %d: listing and deleting need %s", image.ErrDenied, host, got.status, a.trait.Needs)
	}
	if got.status >= 300 && got.status < 400 {
		return fmt.Errorf("ask %s: it redirects elsewhere (HTTP %d), which is not followed", host, got.status)
	}
	return fmt.Errorf("ask %s: it answers HTTP %d", host, got.status)
}

var tagPattern = regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$`)

// check refuses references that a request must not be made of.
func (a *api) check(ref image.Reference) error {
	switch {
	case ref.Registry != a.opts.Registry:
		return fmt.Errorf("%s is not of %s, which this client is for", ref.Name(), a.opts.Registry)
	case ref.Repository == "":
		return errors.New("no repository named")
	}
	return nil
}

// checkTag is check for a reference that must have a tag.
func (a *api) checkTag(ref image.Reference) error {
	if !tagPattern.MatchString(ref.Tag) {
		return fmt.Errorf("delete a tag of %s: %q is no tag", ref.Name(), ref.Tag)
	}
	return a.check(ref)
}

// checkDigest is check for a reference that must have a digest.
func (a *api) checkDigest(ref image.Reference) error {
	if _, err := image.ParseDigest(string(ref.Digest)); err != nil {
		return fmt.Errorf("delete a manifest of %s: %w", ref.Name(), err)
	}
	if ref.Tag != "" {
		return fmt.Errorf("delete a manifest of %s: a digest goes with all of its tags; name it without one", ref.Name())
	}
	return a.check(ref)
}
