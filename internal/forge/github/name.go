package github

import (
	"fmt"
	"strings"

	"github.com/basekeeper/basekeeper/internal/forge"
)

// split returns the halves of owner/name. What it accepts is safe in a path.
func split(fullName string) (owner, name string, err error) {
	owner, name, _ = strings.Cut(fullName, "/")
	if checkLogin(owner) != nil || !isPlain(name) || name == "." || name == ".." {
		return "", "", fmt.Errorf("%q is no repository: it is written owner/name", fullName)
	}
	return owner, name, nil
}

// ownerOf returns the owner in owner/name.
func ownerOf(fullName string) string {
	owner, _, _ := strings.Cut(fullName, "/")
	return owner
}

func checkLogin(login string) error {
	if !isPlain(login) || strings.Trim(login, ".") == "" {
		return fmt.Errorf("%q is no organization or user", login)
	}
	return nil
}

func isPlain(s string) bool {
	for _, r := range s {
		plain := r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '-' || r == '_' || r == '.'
		if !plain {
			return false
		}
	}
	return s != "" && len(s) <= 100
}

// checkID accepts the id of a git object: nothing else goes into a path.
func checkID(id string) error {
	if (len(id) != 40 && len(id) != 64) || strings.Trim(id, "0123456789abcdef") != "" {
		return fmt.Errorf("%q is no commit's or file's id", id)
	}
	return nil
}

// zero is git's id for nothing, and GitHub's for a branch that is not there.
const zero = "0000000000000000000000000000000000000000"

// nameOf is the owner of a repository's token.
func nameOf(r forge.Repository) string { return ownerOf(r.Name) }
