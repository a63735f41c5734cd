/* A Bison parser, made by GNU Bison 3.8.2.  */

/* Bison interface for Yacc-like parsers in C

   Copyright (C) 1984, 1989-1990, 2000-2015, 2018-2021 Free Software Foundation,
   Inc.

   This program is free software: you can redistribute it and/or modify
   it under the terms of the GNU General Public License as published by
   the Free Software Foundation, either version 3 of the License, or
   (at your option) any later version.

   This program is distributed in the hope that it will be useful,
   but WITHOUT ANY WARRANTY; without even the implied warranty of
   MERCHANTABILITY or FITNESS FOR A PARTICULAR PURPOSE.  See the
   GNU General Public License for more details.

   You should have received a copy of the GNU General Public License
   along with this program.  If not, see <https://www.gnu.org/licenses/>.  */

/* As a special exception, you may create a larger work that contains
   part or all of the Bison parser skeleton and distribute that work
   under terms of your choice, so long as that work isn't itself a
   parser generator using the skeleton or a modified version thereof
   as a parser skeleton.  Alternatively, if you modify or redistribute
   the parser skeleton itself, you may (at your option) remove this
   special exception, which will cause the skeleton and the resulting
   Bison output files to be licensed under the GNU General Public
   License without this special exception.

   This special exception was added by the Free Software Foundation in
   version 2.2 of Bison.  */

/* DO NOT RELY ON FEATURES THAT ARE NOT DOCUMENTED in the manual,
   especially those whose name start with YY_ or yy_.  They are
   private implementation details that can be changed or removed.  */

#ifndef YY_LOGFMT_YY_GRAMMAR_LOGFMT_GRAMMAR_H_INCLUDED
# define YY_LOGFMT_YY_GRAMMAR_LOGFMT_GRAMMAR_H_INCLUDED
/* Debug traces.  */
#ifndef LOGFMT_YYDEBUG
# if defined YYDEBUG
#if YYDEBUG
#   define LOGFMT_YYDEBUG 1
#  else
#   define LOGFMT_YYDEBUG 0
#  endif
# else /* ! defined YYDEBUG */
#  define LOGFMT_YYDEBUG 0
# endif /* ! defined YYDEBUG */
#endif  /* ! defined LOGFMT_YYDEBUG */
#if LOGFMT_YYDEBUG
extern int logfmt_yydebug;
#endif
/* "%code requires" blocks.  */
#line 3 "../grammar/logfmt_grammar.y"

#include "grammar/logfmt_scan.h"

#line 61 "grammar/logfmt_grammar.h"

/* Token kinds.  */
#ifndef LOGFMT_YYTOKENTYPE
# define LOGFMT_YYTOKENTYPE
  enum logfmt_yytokentype
  {
    LOGFMT_YYEMPTY = -2,
    LOGFMT_YYEOF = 0,              /* "end of file"  */
    LOGFMT_YYerror = 256,          /* error  */
    LOGFMT_YYUNDEF = 257,          /* "invalid token"  */
    PERCENT = 258,                 /* "%"  */
    TEXT = 259,                    /* "text"  */
    ALIAS = 260,                   /* "alias"  */
    FLAGS = 261,                   /* "flags"  */
    SAMPLE = 262                   /* "expression"  */
  };
  typedef enum logfmt_yytokentype logfmt_yytoken_kind_t;
#endif
/* Token kinds.  */
#define LOGFMT_YYEMPTY -2
#define LOGFMT_YYEOF 0
#define LOGFMT_YYerror 256
#define LOGFMT_YYUNDEF 257
#define PERCENT 258
#define TEXT 259
#define ALIAS 260
#define FLAGS 261
#define SAMPLE 262

/* Value type.  */
#if ! defined LOGFMT_YYSTYPE && ! defined LOGFMT_YYSTYPE_IS_DECLARED
union LOGFMT_YYSTYPE
{
#line 15 "../grammar/logfmt_grammar.y"

	struct str text;
	struct logfmt_flags_ast flags;
	const struct sample_expr *sample;

#line 101 "grammar/logfmt_grammar.h"

};
typedef union LOGFMT_YYSTYPE LOGFMT_YYSTYPE;
# define LOGFMT_YYSTYPE_IS_TRIVIAL 1
# define LOGFMT_YYSTYPE_IS_DECLARED 1
#endif

/* Location type.  */
typedef struct span LOGFMT_YYLTYPE;




int logfmt_yyparse (struct logfmt_scan *scan);


#endif /* !YY_LOGFMT_YY_GRAMMAR_LOGFMT_GRAMMAR_H_INCLUDED  */
