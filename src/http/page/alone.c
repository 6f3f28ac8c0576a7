/*
 * Pages that stand alone: a refusal, and the login page. Whoever sees them may not have the password yet, with which style
 * and script come, so each holds its style itself and is served with a policy that knows the style's hash.
 */
#include "http/page/render.h"

const char http_page_refusal_policy[] = "default-src 'none'; style-src '" PAGE_REFUSAL_STYLE "'; base-uri 'none'";

struct http_body *http_page_render_refusal(const char *root, int status, const char *sentence)
{
	return page_render_all((struct page_render){.root = root,
					       .message = {"", http_answer_phrase(status), sentence},
					       .size = 4096},
			page_template_refusal);
}

const char http_page_login_policy[] = "default-src 'none'; style-src '" PAGE_LOGIN_STYLE
				      "'; img-src data:; form-action 'self'; base-uri 'none'";

struct http_body *http_page_render_login(const struct http_login *login)
{
	return page_render_all((struct page_render){.root = login->root,
					       .login = login,
					       .message = {"", "Log in", login->said},
					       .size = 4096},
			page_template_login);
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
