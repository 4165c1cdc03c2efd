FROM composer:2@sha256:691d4704821d247ddae85d9198e620be0ace249e6f5203d516a6fda5e4d6a89a AS composer
FROM php:8.3-fpm@sha256:691d4704821d247ddae85d9198e620be0ace249e6f5203d516a6fda5e4d6a89a AS php

RUN --mount=type=bind,from=mlocati/php-extension-installer:2@sha256:691d4704821d247ddae85d9198e620be0ace249e6f5203d516a6fda5e4d6a89a,source=/usr/bin/install-php-extensions,target=/usr/local/bin/install-php-extensions \
    --mount=type=cache,target=/var/cache/apt,sharing=locked \
    --mount=type=cache,target=/var/lib/apt,sharing=locked \
    # the extensions, one a line
    install-php-extensions \
      intl \

      opcache \
      pdo_mysql

RUN --mount=from=composer,source=/usr/bin/composer,target=/usr/bin/composer \
    --mount=type=cache,target=/tmp/cache \
    --mount=type=bind,source=composer.json,target=composer.json \
    --mount=type=bind,source=composer.lock,target=composer.lock \
    composer install --no-dev --no-scripts

FROM php AS dev
RUN --mount=type=bind,from=mlocati/php-extension-installer:2@sha256:691d4704821d247ddae85d9198e620be0ace249e6f5203d516a6fda5e4d6a89a,source=/usr/bin/install-php-extensions,target=/usr/local/bin/install-php-extensions install-php-extensions xdebug

FROM php
COPY --from=composer /usr/bin/composer /usr/bin/composer
