package github

import _ "github.com/basekeeper/basekeeper/internal/forge/gitlab"
