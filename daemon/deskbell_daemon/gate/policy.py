"""Which rule applies to a command: the most specific that the person wrote, and never a name's word for a looser one."""

from deskbell_daemon.settings import STRICTNESS, AssistantRules, Consent, Rule
from deskbell_wire.actions import Action
from deskbell_wire.command import Assistant


def decide(consent: Consent, action: Action, assistant: Assistant, own: Rule | None = None) -> Rule:
    """The rule for `action` asked by `assistant`.

    From general to specific: the risk, the action, the assistant (by grant id), the assistant's action. Where an
    action's rule for all meets an assistant's rule for a risk, the stricter wins. Rules under an assistant's *name*
    only ever tighten: a name is what the client calls itself, and anyone can call itself that.

    `own` is the rule that stands beside the definition of a local action. It is more specific than the one for all
    local actions, unless that one is `refuse`; an assistant's rule can tighten it, and never loosens it.
    """
    rule = _for(consent, action, consent.assistants.get(assistant.grant_id), own)
    named = consent.assistants.get(assistant.name)
    if named is not None:
        rule = _stricter(rule, _for(consent, action, named, own))
    return rule


def _for(consent: Consent, action: Action, rules: AssistantRules | None, own: Rule | None) -> Rule:
    for_action = consent.actions.get(action.id)
    if own is not None and for_action != "refuse":
        for_action = own
    for_all = for_action or consent.by_risk(action.risk)
    if rules is None:
        return for_all
    if of_assistant := rules.actions.get(action.id):
        return of_assistant if own is None else _stricter(of_assistant, for_all)
    risks: dict[str, Rule | None] = {"read": rules.read, "write": rules.write, "act": rules.act}
    own_risk = risks[action.risk]
    if own_risk is None:
        return for_all
    return own_risk if for_action is None else _stricter(own_risk, for_action)


def _stricter(one: Rule, other: Rule) -> Rule:
    return max(one, other, key=lambda rule: STRICTNESS[rule])
