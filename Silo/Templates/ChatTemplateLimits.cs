using XLLM.Silo.Templates.Strings;

namespace XLLM.Silo.Templates;

/// <summary>What one rendering may use at most. A template comes with a model and its messages from strangers, so neither may hang, flood or overflow the process.</summary>
/// <remarks>Each bound that is exceeded raises <see cref="ChatTemplateException"/> with the bound's name and number. The defaults are far above the published chat templates and prompts of a million tokens (about 4 million characters).</remarks>
internal sealed record ChatTemplateLimits
{
    /// <summary>The defaults below.</summary>
    public static ChatTemplateLimits Default { get; } = new();

    /// <summary>What a model that is served may use: the defaults, and lists that change.</summary>
    public static ChatTemplateLimits Serving { get; } = new() { ListsMayChange = true };

    /// <summary>Longest template source, UTF-16 characters. At least 1. Default 262,144: ten times the longest published template that we know of.</summary>
    public int MaxTemplateLength { get; init; } = 1 << 18;

    /// <summary>Deepest nesting of expressions and of statements in the source, levels. 1 to 1,000. Default 200: Python's own parser, which Jinja2 feeds, gives up at 200 parentheses.</summary>
    public int MaxSyntaxDepth { get; init; } = 200;

    /// <summary>Longest rendered prompt, UTF-16 characters. At least 1. Default 16,777,216: four prompts of a million tokens.</summary>
    public int MaxOutputLength { get; init; } = 1 << 24;

    /// <summary>Longest single text that an expression may build, UTF-16 characters. At least 1. Default 16,777,216, as the output's.</summary>
    public int MaxTextLength { get; init; } = 1 << 24;

    /// <summary>All texts, lists and dicts that one rendering builds, whether still alive or not, estimated in bytes. At least 1. Default 536,870,912: sixteen copies of the longest prompt, and the most that a hostile template can hold at once.</summary>
    public long MaxAllocatedBytes { get; init; } = 1L << 29;

    /// <summary>Interpreter steps: nodes evaluated, items visited, and one per 16 characters handled in bulk. At least 1. Default 20,000,000: a few seconds of one core; the published templates take about 100 per message.</summary>
    public long MaxSteps { get; init; } = 20_000_000;

    /// <summary>Passes through the bodies of all <c>for</c> loops together. At least 1. Default 5,000,000.</summary>
    public long MaxLoopIterations { get; init; } = 5_000_000;

    /// <summary>Most items of one <c>range</c>. At least 1. Default 100,000: the bound of Jinja2's sandbox.</summary>
    public int MaxRangeLength { get; init; } = 100_000;

    /// <summary>Macros, callers and recursive loops inside one another. 1 to 1,000. Default 150: Python's recursion limit of 1,000 frames gives Jinja2 about as many.</summary>
    public int MaxCallDepth { get; init; } = 150;

    /// <summary>Widest integer, bits. 64 to 1,048,576. Default 65,536, which is beyond what Python prints.</summary>
    public int MaxIntegerBits { get; init; } = 1 << 16;

    /// <summary>Most decimal digits when an integer becomes text or text an integer. At least 640. Default 4,300: Python's own bound (CVE-2020-10735), since both take quadratic time.</summary>
    public int MaxIntegerDigits { get; init; } = 4300;

    /// <summary>Whether a template may call <c>append</c> and <c>pop</c> of a list. Default false, as in the immutable sandbox of transformers.</summary>
    /// <remarks>That sandbox keeps templates from changing what outlives a rendering; here every rendering has values of its own. Kimi-K2's published template needs both for histories with tool calls.</remarks>
    public bool ListsMayChange { get; init; }

    /// <summary>Checks every bound.</summary>
    /// <exception cref="ArgumentException">One or more are out of range; the message lists them all.</exception>
    public void Validate()
    {
        var faults = new List<string>();
        Check(nameof(MaxTemplateLength), MaxTemplateLength, 1, int.MaxValue);
        Check(nameof(MaxSyntaxDepth), MaxSyntaxDepth, 1, 1000);
        Check(nameof(MaxOutputLength), MaxOutputLength, 1, int.MaxValue);
        Check(nameof(MaxTextLength), MaxTextLength, 1, int.MaxValue);
        Check(nameof(MaxAllocatedBytes), MaxAllocatedBytes, 1, long.MaxValue);
        Check(nameof(MaxSteps), MaxSteps, 1, long.MaxValue);
        Check(nameof(MaxLoopIterations), MaxLoopIterations, 1, long.MaxValue);
        Check(nameof(MaxRangeLength), MaxRangeLength, 1, int.MaxValue);
        Check(nameof(MaxCallDepth), MaxCallDepth, 1, 1000);
        Check(nameof(MaxIntegerBits), MaxIntegerBits, 64, 1 << 20);
        Check(nameof(MaxIntegerDigits), MaxIntegerDigits, 640, int.MaxValue);
        if (faults.Count > 0)
        {
            throw new ArgumentException("Chat template limits: " + string.Join("; ", faults));
        }

        void Check(string name, long value, long least, long most)
        {
            if (value < least || value > most)
            {
                faults.Add($"{name} is {value}, outside {least} to {most}");
            }
        }
    }
}
