namespace XLLM.Silo.Sequences;

/// <summary>What a new token means for its sequence.</summary>
internal enum StopVerdict
{
    /// <summary>It goes on.</summary>
    GoOn,

    /// <summary>The model has ended its answer.</summary>
    EndToken,

    /// <summary>A token on which the caller wants to end.</summary>
    StopToken,

    /// <summary>As many tokens as asked for, or as fit.</summary>
    Length,
}
