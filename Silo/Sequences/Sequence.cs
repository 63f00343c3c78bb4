using XLLM.Grains.Interfaces.Routing;
using XLLM.Silo.KvCache;
using XLLM.Silo.Pooling;
using XLLM.Silo.Sampling;

namespace XLLM.Silo.Sequences;

/// <summary>A generation's tokens inside the engine, and how many of them are computed: the only mutable state per request that planning sees.</summary>
/// <remarks>
/// A token is granted when a planned step computes its keys and values, and computed when that step has finished. A grant of all that is pending
/// draws the next token; until the step has finished it stands in the sequence as a <see cref="Placeholder"/>, so that the step after it
/// can be planned meanwhile (decision D1). Owned by the engine's loop; <see cref="Sampler"/> alone belongs to the executor.
/// </remarks>
internal sealed class Sequence
{
    /// <summary>A token that a step in flight is drawing. The executor knows it before the step that needs it begins.</summary>
    public const int Placeholder = -1;

    /// <summary>Room for generated tokens that is made at the start; most answers are shorter. It doubles when full.</summary>
    private const int FirstCapacity = 1024;

    private int[] _tokens;
    private int _knownTokens;

    /// <param name="id">Its number.</param>
    /// <param name="prompt">At least one token.</param>
    /// <param name="generated">Tokens that an earlier run generated; usually empty.</param>
    /// <param name="maxTokens">Most tokens of prompt and output; more than prompt and <paramref name="generated"/> have.</param>
    /// <param name="priority">Lower is earlier.</param>
    /// <param name="blocks">Its KV blocks: none yet.</param>
    /// <param name="prefix">Its prefix hashes: none yet.</param>
    /// <param name="sampler">Draws its tokens; has seen prompt and <paramref name="generated"/>.</param>
    public Sequence(
        SequenceId id, ReadOnlySpan<int> prompt, ReadOnlySpan<int> generated, int maxTokens, int priority, BlockTables blocks, PrefixChain prefix, SamplerState sampler)
    {
        ArgumentOutOfRangeException.ThrowIfZero(prompt.Length);
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(maxTokens, prompt.Length + generated.Length);
        (Id, MaxTokens, Priority, Blocks, Prefix, Sampler) = (id, maxTokens, priority, blocks, prefix, sampler);
        PromptTokens = prompt.Length;
        IsResumed = generated.Length > 0;
        TokenCount = _knownTokens = prompt.Length + generated.Length;
        _tokens = new int[Math.Min(maxTokens, TokenCount + FirstCapacity)];
        prompt.CopyTo(_tokens);
        generated.CopyTo(_tokens.AsSpan(prompt.Length));
        Prefix.Extend(Tokens);
        blocks.EnsureCapacityFor(_tokens.Length);
    }

    /// <summary>Its number, by order of arrival.</summary>
    public SequenceId Id { get; }

    /// <summary>Lower is earlier.</summary>
    public int Priority { get; }

    /// <summary>It began elsewhere: somebody waits in the middle of its answer.</summary>
    public bool IsResumed { get; }

    /// <summary>Who should send the KV blocks of its prompt, as routing has chosen; null: nobody is named.</summary>
    public PrefixHolder? CopyFrom { get; init; }

    /// <summary>Tokens of the prompt.</summary>
    public int PromptTokens { get; }

    /// <summary>Most tokens of prompt and output. The last one's keys and values are never needed.</summary>
    public int MaxTokens { get; }

    /// <summary>Most tokens whose keys and values it may need room for.</summary>
    public int MostKept => Pooler is null ? MaxTokens : MaxTokens - 1;

    /// <summary>Prompt and output in order, placeholders included.</summary>
    public ReadOnlySpan<int> Tokens => _tokens.AsSpan(0, TokenCount);

    /// <summary>Number of <see cref="Tokens"/>.</summary>
    public int TokenCount { get; private set; }

    /// <summary>Tokens generated and known.</summary>
    public int GeneratedTokens => _knownTokens - PromptTokens;

    /// <summary>Leading tokens whose keys and values are in the KV blocks or are being computed by a step in flight.</summary>
    public int GrantedTokens { get; private set; }

    /// <summary>Leading tokens whose keys and values are in the KV blocks.</summary>
    public int ComputedTokens { get; private set; }

    /// <summary>Tokens that a step could be granted. None when the token that ends the sequence is already there, or being drawn.</summary>
    public int PendingTokens => TokenCount >= MaxTokens ? 0 : TokenCount - GrantedTokens;

    /// <summary>Prompt tokens found in the prefix cache when the sequence was first admitted.</summary>
    public int CachedTokens { get; private set; }

    /// <summary>Leading tokens that the prefix cache had when it last began to wait: what it will not have to compute, if they are still there then.</summary>
    public int ExpectedCachedTokens { get; set; }

    /// <summary>Times it was preempted: tells grants of the present run from those whose blocks are gone.</summary>
    public int Run { get; private set; }

    /// <summary>Whether it was ever admitted.</summary>
    public bool WasAdmitted { get; private set; }

    /// <summary>Its KV blocks.</summary>
    public BlockTables Blocks { get; }

    /// <summary>Its prefix hashes.</summary>
    public PrefixChain Prefix { get; }

    /// <summary>What draws its tokens. Belongs to the executor from the first step on.</summary>
    public SamplerState Sampler { get; }

    /// <summary>The pictures of its prompt, or null.</summary>
    public SequencePictures? Pictures { get; init; }

    /// <summary>Makes its one result in place of tokens, or null. The token that follows its prompt is then never drawn.</summary>
    public IPooler? Pooler { get; init; }

    /// <summary>Admits it, with leading tokens that the prefix cache has.</summary>
    public void Admit(int cachedTokens)
    {
        (GrantedTokens, ComputedTokens) = (cachedTokens, cachedTokens);
        if (!WasAdmitted)
        {
            (CachedTokens, WasAdmitted) = (Math.Min(cachedTokens, PromptTokens), true);
        }
    }

    /// <summary>Promises to compute the next tokens in the step that is being planned.</summary>
    /// <param name="tokens">1 to <see cref="PendingTokens"/>.</param>
    public Grant Grant(int tokens)
    {
        if (tokens < 1 || tokens > PendingTokens)
        {
            throw new ArgumentOutOfRangeException(nameof(tokens), tokens, $"a grant needs 1 to {PendingTokens} tokens");
        }

        var grant = new Grant(this, GrantedTokens, tokens, tokens == PendingTokens, Run);
        GrantedTokens += tokens;
        if (grant.DrawsToken)
        {
            Append(Placeholder);
        }

        return grant;
    }

    /// <summary>The step of a grant has finished. Its keys and values count only if the sequence was not preempted since.</summary>
    /// <returns>Whether they count.</returns>
    public bool Computed(in Grant grant)
    {
        if (grant.Run != Run)
        {
            return false;
        }

        ComputedTokens = grant.End;
        return true;
    }

    /// <summary>The token that a grant drew is known. Grants resolve in the order in which they were made.</summary>
    public void Resolve(in Grant grant, int token)
    {
        if (grant.End != _knownTokens || _tokens[grant.End] != Placeholder)
        {
            throw new InvalidOperationException($"token {grant.End} cannot be resolved: {_knownTokens} of {TokenCount} tokens are known");
        }

        _tokens[_knownTokens++] = token;
        Prefix.Extend(_tokens.AsSpan(0, _knownTokens));
    }

    /// <summary>Preempted: its blocks are gone and all tokens are pending again.</summary>
    public void Rewind()
    {
        (GrantedTokens, ComputedTokens) = (0, 0);
        Run++;
    }

    private void Append(int token)
    {
        if (TokenCount == _tokens.Length)
        {
            Array.Resize(ref _tokens, (int)Math.Min(MaxTokens, 2L * TokenCount));
            Blocks.EnsureCapacityFor(_tokens.Length);
        }

        _tokens[TokenCount++] = token;
    }
}
