package github

import (
	"context"
	"crypto/rsa"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/golang-jwt/jwt/v4"
	rest "github.com/google/go-github/v60/github"

	"github.com/basekeeper/basekeeper/internal/forge"
)

// apps are the credentials of a GitHub App: a signed statement of its own to
// ask about itself, and a token for each installation.
type apps struct {
	id   int64
	key  *rsa.PrivateKey
	now  func() time.Time
	rest *rest.Client // asks as the App

	mu     sync.Mutex
	owners map[string]*installation // by lower-case login
}

// installation is the App as one owner has installed it.
type installation struct {
	mu      sync.Mutex
	id      int64 // 0 until it was asked for
	token   string
	expires time.Time
	err     error // that there is none; asked once
}

func newApps(app App, now func() time.Time) (*apps, error) {
	key, err := jwt.ParseRSAPrivateKeyFromPEM(app.Key)
	if err != nil { // the parser's own words are about ASN.1
		return nil, errors.New("read the App's private key: it is no RSA key in PEM; GitHub gives it as a .pem file that begins with -----BEGIN RSA PRIVATE KEY-----")
	}
	return &apps{id: app.ID, key: key, now: now, owners: map[string]*installation{}}, nil
}

// token returns the App's own statement, or the token of the installation at
// the owner of what the request is about.
func (a *apps) token(ctx context.Context, c call) (string, error) {
	if c.app {
		return a.statement()
	}
	i := a.at(c.owner)
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.err != nil {
		return "", i.err
	}
	const early = 5 * time.Minute // a token that ends during a request is no good
	if i.token != "" && a.now().Add(early).Before(i.expires) {
		return i.token, nil
	}
	if i.id == 0 {
		if err := a.find(ctx, c.owner, i); err != nil {
			return "", err
		}
	}
	if err := a.renew(ctx, c.owner, i); err != nil {
		return "", err
	}
	return i.token, nil
}

// at returns the installation of owner, known or not.
func (a *apps) at(owner string) *installation {
	a.mu.Lock()
	defer a.mu.Unlock()
	i, ok := a.owners[strings.ToLower(owner)]
	if !ok {
		i = &installation{}
		a.owners[strings.ToLower(owner)] = i
	}
	return i
}

// learn notes an installation that a list told of.
func (a *apps) learn(owner string, id int64) {
	i := a.at(owner)
	i.mu.Lock()
	defer i.mu.Unlock()
	i.id = id
}

// statement is valid for nine minutes, ten being the most, from a minute ago:
// clocks differ.
//
// Spec: "Generating a JSON Web Token (JWT) for a GitHub App".
func (a *apps) statement() (string, error) {
	now := a.now()
	signed, err := jwt.NewWithClaims(jwt.SigningMethodRS256, jwt.RegisteredClaims{
		Issuer:    strconv.FormatInt(a.id, 10),
		IssuedAt:  jwt.NewNumericDate(now.Add(-time.Minute)),
		ExpiresAt: jwt.NewNumericDate(now.Add(9 * time.Minute)),
	}).SignedString(a.key)
	if err != nil {
		return "", errors.New("sign as the App: its private key cannot sign")
	}
	return signed, nil
}

// find asks for the installation at owner: an organization's, or a user's.
func (a *apps) find(ctx context.Context, owner string, i *installation) error {
	ctx = withCall(ctx, call{app: true})
	if err := checkLogin(owner); err != nil {
		return err
	}
	found, resp, err := a.rest.Apps.FindOrganizationInstallation(ctx, owner)
	if err != nil && resp != nil && resp.StatusCode == http.StatusNotFound {
		found, resp, err = a.rest.Apps.FindUserInstallation(ctx, owner)
	}
	if err != nil && resp != nil && resp.StatusCode == http.StatusNotFound {
		i.err = fmt.Errorf("find the App's installation at %s: %w: install the App there", owner, forge.ErrNotFound)
		return i.err
	}
	if err != nil {
		return fmt.Errorf("find the App's installation at %s: %w", owner, restError(appKey, resp, err))
	}
	if found.SuspendedAt != nil {
		i.err = fmt.Errorf("the App's installation at %s is suspended: %w", owner, forge.ErrDenied)
		return i.err
	}
	i.id = found.GetID()
	return nil
}

// renew takes a new token, which is good for an hour.
func (a *apps) renew(ctx context.Context, owner string, i *installation) error {
	ctx = withCall(ctx, call{app: true, repeatable: true, silent: true})
	token, resp, err := a.rest.Apps.CreateInstallationToken(ctx, i.id, &rest.InstallationTokenOptions{}) // nil would be sent as null
	if err != nil {
		return fmt.Errorf("take a token for the App's installation at %s: %w", owner, restError(appKey, resp, err))
	}
	i.token, i.expires = token.GetToken(), token.GetExpiresAt().Time
	return nil
}
