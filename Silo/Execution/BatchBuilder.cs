using XLLM.Silo.Sequences;

namespace XLLM.Silo.Execution;

/// <summary>Grants to the integers of a step: which rows, at which positions, into which slots. Plain C#, so that it runs while another step executes.</summary>
/// <param name="blockTokens">Tokens of one KV block.</param>
internal sealed class BatchBuilder(int blockTokens)
{
    /// <summary>Fills a plan.</summary>
    /// <param name="plan">Overwritten.</param>
    /// <param name="grants">At least one; their sequences have the blocks.</param>
    public void Fill(StepPlan plan, IReadOnlyList<Grant> grants)
    {
        plan.Clear();
        for (var i = 0; i < grants.Count; i++)
        {
            var grant = grants[i];
            plan.Add(grant);
            plan.RowStarts.Add(plan.TokenIds.Count);
            plan.ContextLengths.Add(grant.End);
            grant.Sequence.Tokens[grant.Start..grant.End].CopyTo(plan.TokenIds.Extend(grant.Tokens));
            var positions = plan.Positions.Extend(grant.Tokens);
            for (var offset = 0; offset < positions.Length; offset++)
            {
                positions[offset] = grant.Start + offset;
            }

            if (grant.DrawsToken)
            {
                var rows = grant.Sequence.Pooler is { ReadsLogits: false } ? plan.PooledRows : plan.LogitRows;
                rows.Add(plan.TokenIds.Count - 1);
            }
        }

        plan.RowStarts.Add(plan.TokenIds.Count);
        for (var group = 0; group < plan.Groups.Length; group++)
        {
            if (grants[0].Sequence.Blocks.HasSlots(group))
            {
                FillGroup(plan.Groups[group], group, grants);
            }
            else
            {
                FillStates(plan.Groups[group], group, grants);
            }
        }

        FillPictures(plan, grants);
        plan.PrepareResults();
    }

    /// <summary>The blocks that each state is read from, then those that it is written to.</summary>
    private static void FillStates(GroupPlan plan, int group, IReadOnlyList<Grant> grants)
    {
        for (var i = 0; i < grants.Count; i++)
        {
            var tables = grants[i].Sequence.Blocks;
            tables.ReadBlocks(group).CopyTo(plan.BlockTables.Extend(tables[group].Count));
            tables[group].Blocks.CopyTo(plan.BlockTables.Extend(tables[group].Count));
        }
    }

    /// <summary>Rows that stand for pictures, and the rotary positions of all rows; nothing for a step of text.</summary>
    private static void FillPictures(StepPlan plan, IReadOnlyList<Grant> grants)
    {
        var any = false;
        for (var i = 0; i < grants.Count; i++)
        {
            if (grants[i].Sequence.Pictures is { } pictures)
            {
                any = true;
                AddSpans(plan, grants[i], pictures, plan.RowStarts.Values[i]);
            }
        }

        if (any)
        {
            FillRotaryPositions(plan, grants);
        }
    }

    private static void AddSpans(StepPlan plan, in Grant grant, SequencePictures pictures, int firstRow)
    {
        for (var picture = 0; picture < pictures.Places.Count; picture++)
        {
            var place = pictures.Places[picture];
            var (start, end) = (Math.Max(grant.Start, place.FirstToken), Math.Min(grant.End, place.End));
            if (start >= end)
            {
                continue;
            }

            plan.Pictures.Add(new PictureSpan(grant.Sequence, picture, start - place.FirstToken, end - start));
            var rows = plan.PictureRows.Extend(end - start);
            for (var i = 0; i < rows.Length; i++)
            {
                rows[i] = firstRow + start - grant.Start + i;
            }
        }
    }

    private static void FillRotaryPositions(StepPlan plan, IReadOnlyList<Grant> grants)
    {
        var rows = plan.TokenIds.Count;
        var positions = plan.RotaryPositions.Extend(Vision.RotaryPositions.Axes * rows);
        for (var i = 0; i < grants.Count; i++)
        {
            var grant = grants[i];
            for (var axis = 0; axis < Vision.RotaryPositions.Axes; axis++)
            {
                var ofAxis = positions.Slice((axis * rows) + plan.RowStarts.Values[i], grant.Tokens);
                for (var offset = 0; offset < ofAxis.Length; offset++)
                {
                    var token = grant.Start + offset;
                    ofAxis[offset] = grant.Sequence.Pictures?.Rotary.At(axis, token) ?? token;
                }
            }
        }
    }

    private void FillGroup(GroupPlan plan, int group, IReadOnlyList<Grant> grants)
    {
        var width = 0;
        for (var i = 0; i < grants.Count; i++)
        {
            width = Math.Max(width, grants[i].Sequence.Blocks[group].Count);
        }

        for (var i = 0; i < grants.Count; i++)
        {
            var grant = grants[i];
            var blocks = grant.Sequence.Blocks[group].Blocks;
            var table = plan.BlockTables.Extend(width);
            blocks.CopyTo(table);
            table[blocks.Length..].Clear();

            var slots = plan.Slots.Extend(grant.Tokens);
            for (var offset = 0; offset < slots.Length; offset++)
            {
                var position = grant.Start + offset;
                slots[offset] = (blocks[position / blockTokens] * blockTokens) + (position % blockTokens);
            }
        }
    }
}
