using System.Text.Json.Nodes;
using XLLM.Silo.Templates;

namespace XLLM.Silo.Tests.Templates;

/// <summary>No template can hang the process, flood its memory or overflow its stack.</summary>
public sealed class ChatTemplateLimitsTests
{
    // Large enough for what a template may do, small enough to run all of these in seconds.
    private static readonly ChatTemplateLimits Small = new()
    {
        MaxSteps = 200_000,
        MaxLoopIterations = 20_000,
        MaxAllocatedBytes = 4_000_000,
        MaxTextLength = 100_000,
        MaxOutputLength = 100_000,
    };

    [Theory]
    [InlineData("{{ 'a' * 10**9 }}", "MaxTextLength")]
    [InlineData("{{ '%99999999d' % 1 }}", "exceeds the bound of 100000")]
    [InlineData("{{ '%.99999999f' % 1.5 }}", "MaxTextLength")]
    [InlineData("{{ '{:>999999999}'.format(1) }}", "MaxTextLength")]
    [InlineData("{{ 'a'|center(10**9) }}", "MaxTextLength")]
    [InlineData("{{ 'a'|indent(10**9) }}", "MaxTextLength")]
    [InlineData("{{ [1]|tojson(indent=10**8) }}", "MaxTextLength")]
    [InlineData("{{ ('a'*1000)|replace('a', 'b'*1000) }}", "MaxTextLength")]
    [InlineData("{{ ('a'*1000)|replace('', 'b'*1000) }}", "MaxTextLength")]
    [InlineData("{{ ('\t'*1000).expandtabs(1000) }}", "exceeds the bound of 100000")]
    [InlineData("{{ 10 ** (10 ** 10) }}", "MaxIntegerBits")]
    [InlineData("{{ (2**65000) * (2**65000) }}", "MaxIntegerBits")]
    [InlineData("{{ 2**60000 }}", "4300 digits")]
    [InlineData("{{ range(10**9) }}", "100000")]
    [InlineData("{{ [1]|slice(10**9)|list }}", "MaxAllocatedBytes")]
    [InlineData("{{ [1]|batch(10**9, 'x')|list }}", "MaxAllocatedBytes")]
    [InlineData("{{ [[]] * 10**8 }}", "MaxAllocatedBytes")]
    [InlineData("{{ 'abc '|list * 10**8 }}", "MaxAllocatedBytes")]
    [InlineData("{% for i in range(100000) %}{% for j in range(100000) %}{% endfor %}{% endfor %}", "MaxLoopIterations")]
    [InlineData("{% for i in range(100000) %}{{ i }}{% endfor %}", "MaxLoopIterations")]
    [InlineData("{% for i in range(9999) %}{{ range(100000)|sum }}{% endfor %}", "MaxSteps")]
    [InlineData("{% for i in range(9999) %}xxxxxxxxxxxxxxxxxxxx{% endfor %}", "the output of 100020 characters exceeds the bound of 100000")]
    [InlineData("{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}", "MaxCallDepth")]
    [InlineData("{% for x in [1] recursive %}{{ loop([1]) }}{% endfor %}", "MaxCallDepth")]
    [InlineData("{% set n = namespace() %}{% set n.self = [n] %}{{ n }}", "MaxCallDepth")]
    [InlineData("{% set n = namespace(a=[]) %}{% for i in range(9999) %}{% set n.a = [n.a] %}{% endfor %}{{ n.a }}", "")]
    [InlineData("{% set n = namespace(a=[1], b=[1]) %}{% for i in range(60) %}{% set n.a = [n.a, n.a] %}{% set n.b = [n.b, n.b] %}{% endfor %}{{ n.a == n.b }}", "MaxSteps")]
    [InlineData("{% set n = namespace(a=(1,)) %}{% for i in range(60) %}{% set n.a = (n.a, n.a) %}{% endfor %}{{ {n.a: 1} }}", "MaxSteps")]
    [InlineData("{% set n = namespace(a=[1]) %}{% for i in range(60) %}{% set n.a = [n.a, n.a] %}{% endfor %}{{ n.a|tojson }}", "exceeds the bound of 100000")]
    [InlineData("{% set n = namespace(a='a') %}{% for i in range(60) %}{% set n.a = n.a ~ n.a %}{% endfor %}", "exceeds the bound of 100000")]
    [InlineData("{% set a = 'a'*90000 %}{% for i in range(9999) %}{% set b = a|upper %}{% endfor %}", "MaxAllocatedBytes")]
    public void Render_StopsAtABound(string template, string bound) => OnSmallStack(() =>
        Assert.Contains(bound, Rendering.Fail(template, limits: Small), StringComparison.Ordinal));

    [Theory]
    [InlineData("(", 100_000)]
    [InlineData("[", 100_000)]
    [InlineData("-", 100_000)]
    [InlineData("not ", 50_000)]
    [InlineData("{'a':", 40_000)]
    [InlineData("1 if ", 40_000)]
    [InlineData("1 if 1 else ", 20_000)]
    [InlineData("1+", 100_000)]
    [InlineData("1 and ", 40_000)]
    [InlineData("a.", 100_000)]
    [InlineData("a|upper|", 20_000)]
    [InlineData("f(", 100_000)]
    [InlineData("a[", 100_000)]
    public void Construction_RefusesNestingThatTheStackDoesNotHold(string piece, int times) => OnSmallStack(() =>
        Rendering.Fail("{% for i in [1] %}{{ " + string.Concat(Enumerable.Repeat(piece, times)) + " }}{% endfor %}"));

    [Theory]
    [InlineData("{% if true %}")]
    [InlineData("{% for i in [1] %}")]
    [InlineData("{% filter upper %}")]
    [InlineData("{% set x %}")]
    public void Construction_RefusesDeeplyNestedStatements(string tag) => OnSmallStack(() =>
        Assert.Contains("nests more than 200 levels deep", Rendering.Fail(string.Concat(Enumerable.Repeat(tag, 5000))), StringComparison.Ordinal));

    [Fact]
    public void Construction_RefusesALongTemplate() =>
        Assert.Contains("more than 10 (MaxTemplateLength)", Rendering.Fail("01234567890", limits: new() { MaxTemplateLength = 10 }), StringComparison.Ordinal);

    [Fact]
    public void Construction_ListsEveryFaultOfItsLimits()
    {
        var message = Assert.Throws<ArgumentException>(() => new ChatTemplate("", new() { MaxSteps = 0, MaxCallDepth = 5000 })).Message;

        Assert.Contains("MaxSteps is 0", message, StringComparison.Ordinal);
        Assert.Contains("MaxCallDepth is 5000, outside 1 to 1000", message, StringComparison.Ordinal);
    }

    [Fact]
    public void Render_FindsALongTextInALongText_InLinearTime()
    {
        // A needle that fails only in its middle, at every place: the product of the lengths would be 10^12.
        const string Template = "{% set a = 'a'*2000000 %}{% set b = 'a'*1000000 ~ 'b' ~ 'a'*800000 %}{{ a.find(b) }} {{ a.rfind(b) }} {{ a.count(b) }} {{ b in a }} {{ b[1:] in b }}";

        Assert.Equal("-1 -1 0 False True", Rendering.Render(Template));
    }

    [Fact]
    public void Render_TakesDeepVariables_OrSaysThatTheyAreTooDeep() => OnSmallStack(() =>
    {
        var deep = string.Concat(Enumerable.Repeat("[", 500)) + string.Concat(Enumerable.Repeat("]", 500));
        Assert.Equal(deep, Rendering.Render("{{ x|tojson }}", $$"""{"x": {{deep}}}"""));
    });

    [Theory]
    [InlineData("{{ ''.__class__.__mro__ }}")]
    [InlineData("{{ x.__init__.__globals__ }}")]
    [InlineData("{{ '{0.__class__.__mro__}'.format(1) }}")]
    [InlineData("{{ [].append(1) }}")]
    [InlineData("{{ {}.update({}) }}")]
    [InlineData("{{ messages.pop() }}")]
    [InlineData("{{ ''|attr('__class__').__mro__ }}")]
    [InlineData("{% include 'secrets.txt' %}")]
    [InlineData("{% import '/etc/passwd' as x %}")]
    [InlineData("{% extends 'x' %}")]
    [InlineData("{{ [1, 2]|random }}")]
    public void TheSandbox_RefusesWhatReachesBeyondTheTemplate(string template) =>
        Assert.NotEmpty(Rendering.Fail(template, """{"messages": [1]}"""));

    [Fact]
    public void ATemplate_ServesManyThreads()
    {
        var template = new ChatTemplate("{% set ns = namespace(n=0) %}{% for m in messages %}{% set ns.n = ns.n + m.n %}{% endfor %}{{ ns.n }}");

        Parallel.For(0, 200, i =>
        {
            var messages = new JsonArray([.. Enumerable.Range(0, 50).Select(n => new JsonObject { ["n"] = n + i })]);
            Assert.Equal($"{1225 + (50 * i)}", template.Render(new JsonObject { ["messages"] = messages }, TimeProvider.System));
        });
    }

    private static void OnSmallStack(Action test)
    {
        Exception? failure = null;
        var thread = new Thread(() => failure = Record.Exception(test), 1024 * 1024);
        thread.Start();
        thread.Join();
        Assert.Null(failure);
    }

    [Theory]
    [InlineData("{% set l = [1] %}{{ l.append(2) }}{{ l }}", "None[1, 2]")]
    [InlineData("{% set l = [1, 2, 3] %}{{ l.pop() }}{{ l.pop(0) }}{{ l }}{{ l.pop(-1) }}{{ l|length }}", "31[2]20")]
    [InlineData("{% set a = [1] %}{% set b = a %}{% set _ = b.append(2) %}{{ a }}", "[1, 2]")]
    [InlineData("{% set l = [1, 2] %}{% for x in l %}{% set _ = l.append(x) %}{% endfor %}{{ l }}", "[1, 2, 1, 2]")]
    [InlineData("{% set l = [1, 2, 3] %}{% for x in l|reverse %}{{ l.pop() }}{{ x }} {% endfor %}", "33 22 11 ")]
    [InlineData("{% set ns = namespace(ids=[]) %}{% set _ = ns.ids.append('a') %}{{ ns.ids.pop(0) }}{{ ns.ids }}", "a[]")]
    public void Lists_ChangeWhereThatIsAllowed_AndNowhereElse(string template, string expected)
    {
        Assert.Equal(expected, Rendering.Render(template, limits: ChatTemplateLimits.Serving));
        Assert.Contains("is unsafe", Rendering.Fail(template), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("{{ [].pop() }}", "pop from empty list")]
    [InlineData("{{ [1].pop(1) }}", "pop index out of range")]
    [InlineData("{{ [1].pop(-2) }}", "pop index out of range")]
    [InlineData("{{ [1].pop('a') }}", "cannot be interpreted as an integer")]
    [InlineData("{% set l = [] %}{% set _ = l.append(l) %}{{ l }}", "nest too deeply")]
    [InlineData("{% set l = [] %}{% set _ = l.append(l) %}{{ l|tojson }}", "nest too deeply")]
    [InlineData("{% set l = [] %}{% set _ = l.append(l) %}{{ l == [l] }}{{ l == [[l]] }}{% set m = [] %}{% set _ = m.append(m) %}{{ l == m }}", "nest too deeply")]
    [InlineData("{% set l = [] %}{% for x in range(99999) %}{% set _ = l.append(x) %}{% endfor %}", "(Max")]
    public void Lists_ThatChange_StayWithinTheBounds(string template, string expected) =>
        Assert.Contains(expected, Rendering.Fail(template, limits: ChatTemplateLimits.Serving), StringComparison.Ordinal);
}
