namespace XLLM.Silo.Hosting.Verification;

/// <summary>One thing that is compared with the reference. A new kind of case is a class and a line in <see cref="CaseVerifier"/>.</summary>
internal interface IGoldenCheck
{
    /// <summary>What is recorded that this check looks at; it runs where all of them are there.</summary>
    IReadOnlyList<string> Needs { get; }

    /// <summary>Whether this check looks at something that is recorded: what no check looks at is listed.</summary>
    bool LooksAt(string recorded) => Needs.Contains(recorded);

    /// <summary>Runs the check.</summary>
    /// <param name="golden">What is expected.</param>
    /// <param name="runner">Computes; its sequences are the check's to release.</param>
    CheckResult Run(GoldenCase golden, ModelRunner runner);
}

/// <summary>How a check went.</summary>
/// <param name="Passed">Whether all was within the tolerance.</param>
/// <param name="Summary">For the line of the case: what, the worst difference, the tolerance.</param>
internal readonly record struct CheckResult(bool Passed, string Summary);
