package registry

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strings"
)

var (
	errNoLink      = errors.New("the registry gives no address, or one that is no URL")
	errForeignLink = errors.New("the registry names another host for the next page")
)

// follow returns the address that the registry gave in its answer for base,
// relative or absolute. One at the registry's own host keeps our scheme:
// registries behind a proxy often do not know theirs. Another host is allowed,
// as for uploads to storage (it is sent no credentials), but no private one
// from a public registry.
func (r *repository) follow(base *url.URL, given string) (*url.URL, error) {
	to, err := url.Parse(given)
	if err != nil || given == "" {
		return nil, errNoLink
	}
	to = base.ResolveReference(to)
	to.User, to.Fragment = nil, ""
	if to.Host == "" || (to.Scheme != "http" && to.Scheme != "https") {
		return nil, errNoLink
	}
	if r.isOwn(to) {
		to.Scheme, to.Host = base.Scheme, r.session.at.host()
	} else if isPrivate(to.Host) && !isPrivate(r.session.at.host()) {
		return nil, errRedirectPrivate
	}
	return to, nil
}

// isOwn reports whether an address is at the registry's host; the usual port
// of its scheme makes no difference.
func (r *repository) isOwn(u *url.URL) bool {
	usual := map[string]string{"http": ":80", "https": ":443"}[u.Scheme]
	own := r.session.at.host()
	return strings.EqualFold(u.Host, own) || strings.EqualFold(u.Host, own+usual) || strings.EqualFold(u.Host+usual, own)
}

var link = regexp.MustCompile(`<([^<>]*)>([^<>]*)`)

// relation finds rel=next among the parameters of a link.
var relation = regexp.MustCompile(`(?i);\s*rel\s*=\s*(?:"(?:[^"]*\s)?next(?:\s[^"]*)?"|next\s*(?:[;,]|$))`)

// next returns the address of the page after the one that was asked for, nil
// where it was the last. It must be at the registry's own host.
//
// Spec: RFC 8288; OCI distribution-spec v1.1, "Listing Tags".
func (r *repository) next(got answer) (*url.URL, error) {
	for _, header := range got.header.Values("Link") {
		for _, one := range link.FindAllStringSubmatch(header, -1) {
			if !relation.MatchString(one[2]) {
				continue
			}
			to, err := r.follow(got.url, one[1])
			if err == nil && !r.isOwn(to) {
				err = errForeignLink
			}
			return to, err
		}
	}
	return nil, nil
}

// page reads a page of a list and the address of the one after it.
func (r *repository) page(ctx context.Context, req request) (answer, *url.URL, error) {
	got, err := r.do(ctx, req)
	if err != nil {
		return answer{}, nil, err
	}
	next, err := r.paged(req, got)
	return got, next, err
}

// paged returns the address of the page after got, nil where it was the last. A
// status other than 200 is an error.
func (r *repository) paged(req request, got answer) (*url.URL, error) {
	if got.status != http.StatusOK {
		return nil, r.answerError(req, got)
	}
	next, err := r.next(got)
	if err != nil {
		return nil, fmt.Errorf("list %s: read the next page's address: %w", familiarHost(r.session.at.host()), err)
	}
	return next, nil
}
