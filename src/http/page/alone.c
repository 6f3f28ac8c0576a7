/*
 * Pages that stand alone: a refusal, and the login page. Whoever sees them may not have the password yet, with which style
 * and script come, so each holds its style itself and is served with a policy that knows the style's hash. The manifest is
 * here, too: a document of its own in the page's language.
 */
#include "http/page/render.h"

const char http_page_refusal_policy[] = "default-src 'none'; style-src '" PAGE_REFUSAL_STYLE "'; base-uri 'none'";

struct http_body *http_page_render_refusal(enum language language, const char *root, const struct http_refusal *refusal)
{
	return page_render_all((struct page_render){.language = refusal->saying ? language : LANGUAGE_STANDARD,
					       .root = root,
					       .refusal = refusal,
					       .size = 4096},
			page_template_refusal);
}

const char http_page_login_policy[] = "default-src 'none'; style-src '" PAGE_LOGIN_STYLE
				      "'; img-src data:; form-action 'self'; base-uri 'none'";

struct http_body *http_page_render_login(const struct http_login *login)
{
	return page_render_all((struct page_render){.language = login->language,
					       .root = login->root,
					       .login = login,
					       .refusal = login->refusal,
					       .size = 4096},
			page_template_login);
}

const char http_page_words_tag[] = PAGE_WORDS_TAG;

struct http_body *http_page_render_manifest(enum language language)
{
	return page_render_all((struct page_render){.language = language, .size = 1024}, page_template_manifest);
}

void page_field_said(struct page_render *render)
{
	static const enum page_word words[] = {
			[HTTP_SAYING_NOTHING_HERE] = WORD_NOTHING_HERE,
			[HTTP_SAYING_NO_SUCH_DOOR] = WORD_NO_SUCH_DOOR,
			[HTTP_SAYING_WRONG_HOST] = WORD_WRONG_HOST,
			[HTTP_SAYING_ONLY_INGRESS] = WORD_ONLY_INGRESS,
			[HTTP_SAYING_OTHER_SITE] = WORD_OTHER_SITE,
			[HTTP_SAYING_READ_ONLY] = WORD_READ_ONLY_TEXT,
			[HTTP_SAYING_SETUP_LOCKED] = WORD_SETUP_LOCKED,
			[HTTP_SAYING_NO_MEMORY] = WORD_NO_MEMORY,
			[HTTP_SAYING_PASSWORD_NEEDED] = WORD_PASSWORD_NEEDED,
			[HTTP_SAYING_WRONG_PASSWORD] = WORD_WRONG_PASSWORD,
			[HTTP_SAYING_SLOW_DOWN] = WORD_SLOW_DOWN,
			[HTTP_SAYING_LOGIN_INCOMPLETE] = WORD_LOGIN_INCOMPLETE,
			[HTTP_SAYING_ONLY_BASIC] = WORD_ONLY_BASIC,
	};
	if (render->refusal && render->refusal->saying)
		page_put_word(render, words[render->refusal->saying]);
	else if (render->refusal)
		page_put_escaped(render, render->refusal->detail);
}

void page_field_seconds(struct page_render *render)
{
	page_put_escaped(render, render->refusal->value);
}

void page_field_status(struct page_render *render)
{
	page_put_format(render, "%d", render->refusal->status);
}

void page_field_again_at_once(struct page_render *render)
{
	if (render->login->again)
		page_put_template(render, page_template_again);
}

void page_field_root(struct page_render *render)
{
	page_put_escaped(render, render->root);
}
